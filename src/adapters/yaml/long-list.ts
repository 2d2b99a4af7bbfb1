/** The field of a file of overrides that may be long. */
export const listName = 'overrides';

/** A block list in a YAML text, found without reading it. Offsets count UTF-16 units. */
export interface TextList {
  /** The start of its first item's line. */
  readonly start: number;
  /** Behind its last line. */
  readonly end: number;
  /** It from `start` to `end`, each part some whole items. */
  readonly parts: readonly (readonly [start: number, end: number])[];
}

/** Items of a part: few enough to be there as a tree without anybody noticing. */
const itemsInPart = 200;

const headLine = new RegExp(`^${listName}:[ \\t]*(?:#.*)?\\r?$`, 'm');
const line = /( *)(\S?)[^\n]*\n?/y;

/**
 * Where the block list of that name at the top of a text lies. In YAML no line inside an item is indented as little as
 * the item's own dash, so that lines tell items apart, whatever they hold. `null`: there is none, or somebody has to read
 * the text to know.
 */
export function findList(text: string): TextList | null {
  const head = headLine.exec(text);
  if (head === null || text.indexOf('\n', head.index) < 0) return null;
  const from = text.indexOf('\n', head.index) + 1;
  const found: { start: number; depth: number; starts: number[] } = { start: -1, depth: 0, starts: [] };
  for (let at = from, count = 0; at < text.length; at = line.lastIndex) {
    line.lastIndex = at;
    const [, indent = '', first = ''] = line.exec(text) ?? [];
    if (first === '' || first === '#') continue;
    const depth = indent.length;
    const isItem = first === '-' && /\s/.test(text[at + depth + 1] ?? '\n');
    if (found.start < 0) {
      if (!isItem) return null;
      Object.assign(found, { start: at, depth });
    }
    if (depth > found.depth) continue;
    if (depth === found.depth && isItem) {
      if (count % itemsInPart === 0) found.starts.push(at);
      count += 1;
    } else return depth === 0 ? listOf(found, at) : null;
  }
  return found.start < 0 ? null : listOf(found, text.length);
}

function listOf(
  { start, starts }: { readonly start: number; readonly starts: readonly number[] },
  end: number,
): TextList {
  return { start, end, parts: starts.map((each, index) => [each, starts[index + 1] ?? end] as const) };
}
