import { assert, dictionary, jsonValue, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gathered, jsonLines, jsonPieces, LazyItems } from '../../src/ui/json-pieces.js';

describe('JSON in pieces', () => {
  it('is what JSON.stringify writes, whatever the document', () => {
    assert(
      property(dictionary(string({ unit: 'grapheme' }), jsonValue()), (document) => {
        expect([...jsonPieces(document)].join('')).toBe(`${JSON.stringify(document, null, 2)}\n`);
      }),
      { seed: 11 },
    );
  });

  it('leaves out what JSON has no word for, and writes null for it in a list', () => {
    const document = { first: undefined, list: [undefined, 1], last: { inside: undefined, at: new Date(0) } };
    expect([...jsonPieces(document)].join('')).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  it('makes each item of a lazy list when its piece is wanted', () => {
    const made: number[] = [];
    const items = new LazyItems([1, 2, 3], (each) => {
      made.push(each);
      return { each };
    });
    const pieces = jsonPieces({ items });
    pieces.next();
    pieces.next();
    expect(made).toEqual([1]);
    expect([...jsonPieces({ items })].join('')).toBe(
      `${JSON.stringify({ items: [{ each: 1 }, { each: 2 }, { each: 3 }] }, null, 2)}\n`,
    );
    expect(JSON.stringify({ items })).toBe('{"items":[{"each":1},{"each":2},{"each":3}]}');
    expect([...jsonLines(items)]).toEqual(['{"each":1}\n', '{"each":2}\n', '{"each":3}\n']);
  });
});

describe('gathered pieces', () => {
  it('are the same text, in few pieces of bounded size', () => {
    const pieces = Array.from({ length: 5000 }, (_, index) => `${index},`.padEnd(100, 'x'));
    const gatheredPieces = [...gathered(pieces)];
    expect(gatheredPieces.join('')).toBe(pieces.join(''));
    expect(gatheredPieces).toHaveLength(8);
    expect(Math.max(...gatheredPieces.map(({ length }) => length))).toBeLessThanOrEqual(65_636);
    expect([...gathered([])]).toEqual([]);
  });
});
