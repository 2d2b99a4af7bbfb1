/** A list of which each item is made when it is written: that of a large document takes no room of its own. */
export class LazyItems<T> implements Iterable<unknown> {
  constructor(
    private readonly made: readonly T[],
    private readonly make: (each: T) => unknown,
  ) {}

  *[Symbol.iterator](): Generator {
    for (const each of this.made) yield this.make(each);
  }

  toJSON(): readonly unknown[] {
    return [...this];
  }
}

/** What `JSON.stringify(document, null, 2)` writes, its lists item by item, and a last newline. */
export function* jsonPieces(document: Readonly<Record<string, unknown>>): Generator<string> {
  const members = Object.entries(document).filter(([, value]) => value !== undefined);
  for (const [index, [name, value]] of members.entries()) {
    yield `${index === 0 ? '{' : ','}\n  ${JSON.stringify(name)}: `;
    if (Array.isArray(value) || value instanceof LazyItems) yield* listPieces(value);
    else yield indented(value, '\n  ');
  }
  yield members.length === 0 ? '{}\n' : '\n}\n';
}

function* listPieces(list: Iterable<unknown>): Generator<string> {
  let before = '[\n    ';
  for (const item of list) {
    yield before + indented(item, '\n    ');
    before = ',\n    ';
  }
  yield before.startsWith('[') ? '[]' : '\n  ]';
}

function indented(value: unknown, newline: string): string {
  // No text in JSON holds a newline as such.
  return (JSON.stringify(value, null, 2) ?? 'null').replaceAll('\n', newline);
}

/** One line for each item. */
export function* jsonLines(items: Iterable<unknown>): Generator<string> {
  for (const item of items) yield `${JSON.stringify(item)}\n`;
}

const usualLength = 65_536;

/** The same text in fewer pieces, none of them much longer than 64 Ki characters unless one was. */
export function* gathered(pieces: Iterable<string>): Generator<string> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < usualLength) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
