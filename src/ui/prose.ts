import { isPasted } from './pasted.js';
import { measureFor } from './width.js';

type Wrap = typeof import('wrap-ansi').default;

/**
 * Lines wider than `width` broken between words, what follows indented a little deeper than the line itself. A line that is
 * meant for pasting stays whole.
 */
export async function wrapProse(text: string, width: number): Promise<string> {
  const lines = text.split('\n');
  const measure = await measureFor(lines);
  if (lines.every((line) => measure(line) <= width)) return text;
  const { default: wrap } = await import('wrap-ansi');
  const isWhole = (line: string): boolean => isPasted(line) || measure(line) <= width;
  return lines.map((line) => (isWhole(line) ? line : wrapLine(line, width, wrap))).join('\n');
}

function wrapLine(line: string, width: number, wrap: Wrap): string {
  const indent = `${/^ */.exec(line)?.[0] ?? ''}  `;
  const [first = '', ...rest] = wrap(line, width, { hard: true, trim: false }).split('\n');
  if (rest.length === 0) return first;
  const tail = wrap(rest.join('\n').replaceAll('\n', '').trimStart(), width - indent.length, { hard: true });
  return [first.trimEnd(), ...tail.split('\n').map((each) => indent + each)].join('\n');
}
