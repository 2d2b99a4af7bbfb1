/** Where a value starts, and where its parts do; offsets in characters. */
interface Spot {
  readonly at: number;
  readonly items?: Spot[];
  readonly members?: Map<string, { readonly at: number; readonly spot: Spot }>;
}

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s{}[\],:"]+/g;

/** Finds the offset of a part by its path. Made in one pass, so that ten thousand places cost no more than one. */
export type OffsetFinder = (path: readonly PropertyKey[]) => number;

/** The places of a text that JSON.parse has read; of a repeated key the last one counts, as there. */
export function jsonOffsets(text: string): OffsetFinder {
  const root: Spot = { at: 0, items: [] };
  const open: Spot[] = [root];
  let key: { readonly name: string; readonly at: number } | null = null;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    const parent = open.at(-1) ?? root;
    if (token === '}' || token === ']') {
      open.pop();
      continue;
    }
    if (parent.members !== undefined && key === null) {
      key = { name: JSON.parse(token) as string, at: index };
      continue;
    }
    const spot = spotOf(token, index);
    if (key === null) parent.items?.push(spot);
    else parent.members?.set(key.name, { at: key.at, spot });
    key = null;
    if (spot.items !== undefined || spot.members !== undefined) open.push(spot);
  }
  return (path) => offsetIn(root.items?.[0] ?? root, path);
}

function spotOf(token: string, at: number): Spot {
  if (token === '{') return { at, members: new Map() };
  return token === '[' ? { at, items: [] } : { at };
}

function offsetIn(root: Spot, path: readonly PropertyKey[]): number {
  let spot = root;
  let { at } = root;
  for (const part of path) {
    const member = spot.members?.get(String(part));
    const next = member?.spot ?? spot.items?.[Number(part)];
    if (next === undefined) break;
    at = member?.at ?? next.at;
    spot = next;
  }
  return at;
}

/** Line and column, from 1, of an offset; made once for a text. Columns count UTF-16 units, as editors do. */
export function lineFinder(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
