import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameJson } from '../../../src/domain/json.js';
import { rawValue, scanDocument, type OverrideDocument } from '../../../src/domain/override/document.js';
import { revertEntries } from '../../../src/domain/override/edit.js';
import { reconcile, type WantedEntry } from '../../../src/domain/override/reconcile.js';
import { applySplices, invertSplices } from '../../../src/domain/override/splices.js';
import { documents, keys } from './generated.js';
import { changeEntry } from './history-entries.js';

const documentOf = (text: string): OverrideDocument => scanDocument(Buffer.from(text));
const keysOf = (document: OverrideDocument): readonly string[] => document.members.map(({ key }) => key);
const raws = (document: OverrideDocument): ReadonlyMap<string, string> =>
  new Map(document.members.map((member) => [member.key, rawValue(document, member)]));
const typed = (prefix: string, raw: string): WantedEntry => ({ prefix, raw, isExact: false });
const exact = (prefix: string, raw: string): WantedEntry => ({ prefix, raw, isExact: true });
const textAfter = (text: string, wanted: readonly WantedEntry[], removed: readonly string[] = []): string =>
  Buffer.from(reconcile(documentOf(text), wanted, (key) => removed.includes(key)).next).toString();

const spaced = '{\n  "/a": { "rate": 1, "burst": 2 },\n  "/b": {"rate":2},\n  "" : {"rate":3}\n}\n';

describe('what a file wants, in a document', () => {
  test.each([
    ['what already means the same keeps its bytes', spaced, [typed('/a', '{"rate":1,"burst":2}')], [], spaced],
    [
      'a changed value is written as it was spaced',
      spaced,
      [typed('/a', '{"rate":9,"burst":2}')],
      [],
      spaced.replace('"rate": 1', '"rate": 9'),
    ],
    [
      'an exact value is written as it is given',
      spaced,
      [exact('/a', '{"rate":9}')],
      [],
      spaced.replace('{ "rate": 1, "burst": 2 }', '{"rate":9}'),
    ],
    [
      'a new entry stands after the one before it',
      '{"/a":{},"/x":{},"/b":{}}',
      [exact('/a', '{}'), typed('/n', '{"rate":1}'), typed('/m', '{"rate":2}'), exact('/b', '{}')],
      [],
      '{"/a":{},"/n":{"rate":1},"/m":{"rate":2},"/x":{},"/b":{}}',
    ],
    [
      'the first ones stand before the next that is there',
      '{"/x":{},"/b":{}}',
      [typed('/n', '{"rate":1}'), exact('/b', '{}')],
      [],
      '{"/x":{},"/n":{"rate":1},"/b":{}}',
    ],
    [
      'alone, it stands where nothing hides it',
      '{"/x":{},"":{}}',
      [typed('/n', '{"rate":1}')],
      [],
      '{"/x":{},"/n":{"rate":1},"":{}}',
    ],
    [
      'the order of the file',
      '{"/a":{},"/x":1,"/b":{}}',
      [exact('/b', '{}'), exact('/a', '{}')],
      [],
      '{"/b":{},"/a":{},"/x":1}',
    ],
    ['what is removed goes with its separator', '{"/a":{},"/x":1,"/b":{}}', [], ['/a', '/b'], '{"/x":1}'],
    ['everything goes', spaced, [], ['/a', '/b', ''], '{\n}\n'],
    ['everything goes and something comes', '{ "/a":1, "/b":2 }', [exact('/c', '3')], ['/a', '/b'], '{ "/c":3 }'],
    [
      'into an empty document',
      '{}',
      [typed('/a', '{"rate":1}'), typed('/b', '{"burst":0}')],
      [],
      '{"/a":{"rate":1},"/b":{"burst":0}}',
    ],
    ['into one that spans lines', '{\n}', [typed('/a', '{"rate":1}')], [], '{\n  "/a": {\n    "rate": 1\n  }\n}'],
  ] as const)('%s', (_, text, wanted, removed, expected) => {
    expect(textAfter(text, wanted, removed)).toBe(expected);
  });

  test('the changes name each route with what stood beside it', () => {
    const edit = reconcile(
      documentOf('{"/a":1,"/b":2,"/c":3}'),
      [exact('/c', '3'), exact('/n', '4'), exact('/a', '9')],
      (key) => key === '/b',
    );
    expect(edit.changes).toEqual([
      { route: '/b', before: '2', after: null, previous: '/a', next: '/c' },
      { route: '/c', before: '3', after: '3', previous: '/b', next: null },
      { route: '/n', before: null, after: '4', previous: '/c', next: '/a' },
      { route: '/a', before: '1', after: '9', previous: null, next: '/b' },
    ]);
  });
});

/** Longest increasing subsequence by trying everything before. */
function longest(values: readonly number[]): number {
  const best: number[] = [];
  for (const [index, value] of values.entries()) {
    best.push(1 + Math.max(0, ...best.filter((_, earlier) => earlier < index && (values[earlier] ?? 0) < value)));
  }
  return Math.max(0, ...best);
}

/** Where everything goes, one by one. */
function model(
  document: OverrideDocument,
  wanted: readonly WantedEntry[],
  removed: ReadonlySet<string>,
  moved: ReadonlySet<string>,
) {
  const order = keysOf(document).filter((key) => !removed.has(key) && !moved.has(key));
  const isThere = (key: string): boolean => order.includes(key);
  const next = wanted.find(({ prefix }) => isThere(prefix))?.prefix;
  const hiding = order.findIndex((key) => (wanted[0]?.prefix ?? '').startsWith(key));
  let at = next !== undefined ? order.indexOf(next) : hiding === -1 ? order.length : hiding;
  for (const { prefix } of wanted) {
    if (isThere(prefix)) at = order.indexOf(prefix) + 1;
    else {
      order.splice(at, 0, prefix);
      at += 1;
    }
  }
  return order;
}

const cases = documents.chain((text) => {
  const present = keysOf(documentOf(text));
  const prefixes = present.length === 0 ? keys : fc.oneof(fc.constantFrom(...present), keys);
  const values = fc.constantFrom('{"rate":1}', '{"rate":2,"shadow":true}', '[1, 2]', '{}', '"x"', '1e400');
  const stored = raws(documentOf(text));
  const entries = fc
    .uniqueArray(fc.tuple(prefixes, values, fc.boolean()), { selector: ([prefix]) => prefix, maxLength: 8 })
    .map((all) =>
      all.map(([prefix, raw, isSame]): WantedEntry =>
        isSame && stored.has(prefix)
          ? exact(prefix, stored.get(prefix) ?? '')
          : { prefix, raw, isExact: !raw.startsWith('{"') },
      ),
    );
  return fc.record({ text: fc.constant(text), wanted: entries, salt: fc.nat() });
});

describe('against a model that goes one by one', () => {
  test('2,500: order, values, untouched bytes, fewest moves, exact splices both ways', () => {
    fc.assert(
      fc.property(cases, ({ text, wanted, salt }) => {
        const document = documentOf(text);
        const names = new Set(wanted.map(({ prefix }) => prefix));
        const removed = new Set(keysOf(document).filter((key, index) => !names.has(key) && (salt >> index) % 2 === 1));
        const edit = reconcile(document, wanted, (key) => removed.has(key));
        const after = scanDocument(edit.next);
        const [before, now] = [raws(document), raws(after)];
        const common = wanted.filter(({ prefix }) => before.has(prefix));
        const positions = common.map(({ prefix }) => document.byKey.get(prefix)?.index ?? 0);
        const movedSplices = (edit.splices ?? []).filter(({ removed: gone }) =>
          /^[ \t\n\r,]*"(?:[^"\\]|\\.)*"[ \t\n\r]*:/.test(gone),
        );
        expect(movedSplices.length - removed.size).toBe(common.length - longest(positions));
        const movedKeys = new Set(
          common
            .map(({ prefix }) => prefix)
            .filter((prefix) => movedSplices.some(({ removed: gone }) => keyIn(gone) === prefix)),
        );
        expect(keysOf(after)).toEqual(model(document, wanted, removed, movedKeys));
        for (const { prefix, raw } of wanted) {
          expect(isSameJson(now.get(prefix) ?? null, raw)).toBe(true);
          if (isSameJson(before.get(prefix) ?? null, raw)) expect(now.get(prefix)).toBe(before.get(prefix));
        }
        for (const [key, raw] of before) if (!names.has(key) && !removed.has(key)) expect(now.get(key)).toBe(raw);
        for (const change of edit.changes) {
          expect(change.before).toBe(before.get(change.route) ?? null);
          expect(change.after).toBe(now.get(change.route) ?? null);
        }
        expect(edit.changes.length === 0).toBe(edit.splices.length === 0);
        if (edit.splices.length === 0) expect(edit.next).toBe(document.bytes);
        expect(Buffer.from(applySplices(edit.next, invertSplices(edit.splices))).toString()).toBe(text);
        expect(Buffer.from(reconcile(after, wanted, (key) => removed.has(key)).next)).toEqual(Buffer.from(edit.next));
      }),
      { numRuns: 2500, seed: 11 },
    );
  });

  test('1,000: taken back after somebody else changed another route, each touched route is as it was', () => {
    fc.assert(
      fc.property(cases, ({ text, wanted }) => {
        const document = documentOf(text);
        const edit = reconcile(document, wanted);
        const entry = changeEntry(1, document.bytes, edit);
        const theirs = reconcile(scanDocument(edit.next), [exact('/theirs', '{"rate":7}')]);
        const { edit: back, conflicts } = revertEntries(scanDocument(theirs.next), [entry]);
        if (document.byKey.has('/theirs') || wanted.some(({ prefix }) => prefix === '/theirs')) return;
        expect(conflicts).toEqual([]);
        const now = raws(scanDocument(back.next));
        expect(now.get('/theirs')).toBe('{"rate":7}');
        for (const [key, raw] of raws(document)) expect(now.get(key)).toBe(raw);
        expect(now.size).toBe(document.members.length + 1);
      }),
      { numRuns: 1000, seed: 12 },
    );
  });

  test('a hundred thousand routes, half of them changed, moved, added or removed', () => {
    const count = 100_000;
    const text = `{${Array.from({ length: count }, (_, index) => `"/r/${index}":{"rate":${(index % 100) + 1}}`).join(',')}}`;
    const wanted = Array.from({ length: count / 2 }, (_, index) =>
      typed(index % 5 === 0 ? `/n/${index}` : `/r/${(index * 7919) % count}`, `{"rate":${(index % 90) + 1}}`),
    );
    const names = new Set(wanted.map(({ prefix }) => prefix));
    expect(names.size).toBe(wanted.length);
    const edit = reconcile(documentOf(text), wanted, (key) => key.endsWith('3') && !names.has(key));
    expect(edit.splices.length).toBeGreaterThan(count / 3);
    expect(Buffer.from(applySplices(edit.next, invertSplices(edit.splices))).toString()).toBe(text);
  });
});

function keyIn(removed: string): string | null {
  const key = /^[ \t\n\r,]*("(?:[^"\\]|\\.)*")[ \t\n\r]*:/.exec(removed)?.[1];
  return key === undefined ? null : (JSON.parse(key) as string);
}
