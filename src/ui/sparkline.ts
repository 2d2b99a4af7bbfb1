const levels = '▁▂▃▄▅▆▇█';

/** One character for each value, the highest the full block; a space where there is no data, the lowest for 0. */
export function sparkline(values: readonly (number | null)[]): readonly string[] {
  const known = values.filter((value) => value !== null);
  const highest = Math.max(0, ...known);
  return values.map((value) => (value === null ? ' ' : levelOf(value, highest)));
}

function levelOf(value: number, highest: number): string {
  if (highest <= 0 || value <= 0) return levels.charAt(0);
  return levels.charAt(Math.min(levels.length - 1, Math.ceil((value / highest) * (levels.length - 1))));
}

/** The values in at most `width` groups of the same size, each by its average; a group without any data has none. */
export function condense(values: readonly (number | null)[], width: number): readonly (number | null)[] {
  if (values.length <= width) return values;
  const size = Math.ceil(values.length / width);
  // Whole groups from the end: the newest matter most.
  const first = values.length % size;
  const starts = [0, ...Array.from({ length: Math.floor(values.length / size) }, (_, index) => first + index * size)];
  const groups = starts.map((start, index) => values.slice(start, starts[index + 1] ?? values.length));
  return groups.filter((group) => group.length > 0).map(average);
}

function average(group: readonly (number | null)[]): number | null {
  const known = group.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
