import type { Theme } from './theme.js';
import { measureFor } from './width.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** True: left out in a terminal where no row has anything in it but `-`. */
  readonly isOptional?: boolean;
  /** True: narrowed before any other; for columns of prose. */
  readonly isFlexible?: boolean;
}

const gap = 2;
const narrowest = 8;

/**
 * A table without borders. In a terminal the widest columns are narrowed and their cells wrapped until it fits; in a pipe
 * nothing is cut. Cells are already safe for a terminal, and may be coloured.
 */
export async function renderTable(
  allColumns: readonly Column[],
  allRows: readonly (readonly string[])[],
  theme: Theme,
): Promise<string> {
  const titlesOfAll = allColumns.map(({ title }) => title);
  const measure = await measureFor([...titlesOfAll, ...allRows.flat()]);
  const isShown = ({ isOptional }: Column, index: number): boolean =>
    !theme.isTerminal || isOptional !== true || allRows.some((row) => row[index] !== '-');
  const columns = allColumns.filter(isShown);
  const rows = allRows.map((row) => row.filter((_, index) => isShown(allColumns[index] ?? { title: '' }, index)));
  const titles = columns.map(({ title }) => measure(title));
  const widths = titles.map((title, index) =>
    rows.reduce((most, row) => Math.max(most, ...(row[index] ?? '').split('\n').map((line) => measure(line))), title),
  );
  const least = widths.map((width, index) => Math.min(width, Math.max(narrowest, titles[index] ?? 0)));
  const fitted = theme.isTerminal
    ? fitInTurn(columns, widths, least, theme.width - gap * (columns.length - 1))
    : widths;
  const cells = rows.map((row) => row.map((cell) => shortened(cell, theme)));
  const head = columns.map(({ title }) => theme.dim(title));
  const isTooWide = (cell: string, index: number): boolean =>
    cell.split('\n').some((line) => measure(line) > (fitted[index] ?? 0));
  const isWrapped = cells.some((row) => row.some(isTooWide));
  if (isWrapped || cells.some((row) => row.some((cell) => cell.includes('\n'))))
    return tableOfLines(columns, [head, ...(isWrapped ? await wrapped(cells, fitted) : cells)], fitted);
  const padding = (cell: string, index: number): string => ' '.repeat((fitted[index] ?? 0) - measure(cell));
  const padded = (cell: string, index: number): string =>
    columns[index]?.align === 'right' ? padding(cell, index) + cell : cell + padding(cell, index);
  return [head, ...cells].map((row) => row.map(padded).join(' '.repeat(gap)).trimEnd()).join('\n');
}

/** The cells broken to the widths of their columns; what breaks them is loaded only where one is too wide. */
async function wrapped(
  cells: readonly (readonly string[])[],
  widths: readonly number[],
): Promise<readonly (readonly string[])[]> {
  const { default: wrap } = await import('wrap-ansi');
  return cells.map((row) => row.map((cell, index) => wrap(cell, widths[index] ?? 0, { hard: true, trim: false })));
}

/** A table with cells of several lines; laying those out is the library's, and is loaded only where there are any. */
async function tableOfLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const sides = ['top', 'bottom', 'left', 'right', 'mid'];
  const edges = sides.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]);
  const style = {
    chars: { ...Object.fromEntries(edges.map((edge) => [edge, ''])), middle: ' '.repeat(gap) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: [...widths],
  };
  const pieces = Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, piece) => {
    const table = new Table(style);
    table.push(...rows.slice(piece * rowsAtOnce, (piece + 1) * rowsAtOnce).map((row) => [...row]));
    return table.toString();
  });
  return pieces
    .flatMap((piece) => piece.split('\n'))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The time the table library takes grows with the square of the rows that it is given. */
const rowsAtOnce = 200;

const longestCell = 400;

/** Nobody reads thousands of characters in a table, and wrapping them takes seconds; every other output has them whole. */
function shortened(cell: string, theme: Theme): string {
  if (!theme.isTerminal || cell.length <= longestCell) return cell;
  const plain = cell.replaceAll(/\u001b\[[0-9;]*m/g, '');
  return `${plain.slice(0, longestCell - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

const narrowestProse = 20;

/** Columns of prose give way first, then any other. */
function fitInTurn(
  columns: readonly Column[],
  widths: readonly number[],
  least: readonly number[],
  available: number,
): number[] {
  const sum = (all: readonly number[]): number => all.reduce((total, width) => total + width, 0);
  const stiff = widths.map((width, index) => (columns[index]?.isFlexible ? Math.min(width, narrowestProse) : width));
  const first = fit(widths, stiff, sum(widths) - available);
  return fit(first, least, sum(first) - available);
}

/** Takes a column from the widest that may be taken from until the sum fits, or nothing can be taken any more. */
function fit(widths: readonly number[], least: readonly number[], excess: number): number[] {
  const fitted = [...widths];
  for (let left = excess; left > 0; left -= 1) {
    const room = fitted.map((width, index) => (width > (least[index] ?? 0) ? width : 0));
    const widest = Math.max(...room);
    if (widest === 0) break;
    fitted[room.lastIndexOf(widest)] = widest - 1;
  }
  return fitted;
}
