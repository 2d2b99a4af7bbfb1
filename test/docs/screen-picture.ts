import stringWidth from 'string-width';
import type { Run } from '../support/terminal.js';

/** One screen of a terminal, and how long it is shown, seconds. */
export interface Frame {
  readonly lines: readonly (readonly Run[])[];
  readonly seconds: number;
}

const cell = { width: 8.4, height: 18 } as const;
const margin = 16;
const paper = '#1d2026';
const ink = '#d7dae0';
/** The sixteen colours of a terminal; of the others none is used. */
const palette = [
  '#3b4048',
  '#e06c75',
  '#98c379',
  '#e5c07b',
  '#61afef',
  '#c678dd',
  '#56b6c2',
  '#abb2bf',
  '#7f848e',
  '#f08c94',
  '#b5d99c',
  '#f2d399',
  '#8ac6f9',
  '#d99be8',
  '#7fd1da',
  '#ffffff',
] as const;

/** Screens of a terminal as one moving picture, an SVG without scripts; a single frame stands still. */
export function screenPicture(frames: readonly Frame[], columns: number): string {
  const rows = Math.max(...frames.map(({ lines }) => usedRows(lines)));
  const width = Math.round(columns * cell.width + 2 * margin);
  const height = rows * cell.height + 2 * margin;
  const wholeSeconds = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  let startSeconds = 0;
  const groups = frames.map(({ lines, seconds }) => {
    const from = (startSeconds / wholeSeconds).toFixed(4);
    startSeconds += seconds;
    const to = (startSeconds / wholeSeconds).toFixed(4);
    const drawn = lines.slice(0, rows).map(drawLine).filter(Boolean).join('\n');
    if (frames.length === 1) return `<g>\n${drawn}\n</g>`;
    // Hidden, shown, hidden: the first and the last frame have one of the three missing, which is harmless.
    return [
      '<g visibility="hidden">',
      `<animate attributeName="visibility" calcMode="discrete" repeatCount="indefinite" dur="${wholeSeconds}s"`,
      ` values="hidden;visible;hidden" keyTimes="0;${from === '0.0000' ? '0' : from};${to}"/>`,
      drawn,
      '</g>',
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    `<rect width="100%" height="100%" rx="8" fill="${paper}"/>`,
    ...groups,
    '</svg>',
    '',
  ].join('\n');
}

function usedRows(lines: readonly (readonly Run[])[]): number {
  return lines.findLastIndex((runs) => runs.some(({ text }) => text.trim() !== '')) + 1;
}

function drawLine(runs: readonly Run[], row: number): string {
  const y = margin + (row + 0.75) * cell.height;
  return runs
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, column, colour, isBold, isDim }) => {
      const shown = text.trimEnd();
      const looks = [
        `fill="${colour === null ? ink : (palette[colour] ?? ink)}"`,
        isBold ? ' font-weight="bold"' : '',
        isDim ? ' opacity="0.6"' : '',
      ].join('');
      const x = (margin + column * cell.width).toFixed(1);
      const length = (stringWidth(shown) * cell.width).toFixed(1);
      // The length keeps the columns in line whatever font there is.
      return `<text x="${x}" y="${y}" ${looks} textLength="${length}" xml:space="preserve">${escape(shown)}</text>`;
    })
    .join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
