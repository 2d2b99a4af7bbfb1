import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDocument } from '../../../src/domain/override/document.js';
import {
  replaceDocument,
  revertEntries,
  setOverride,
  unsetOverride,
  type Edit,
  type Placement,
} from '../../../src/domain/override/edit.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { applySplices } from '../../../src/domain/override/splices.js';
import { documents, keys, patches } from './generated.js';
import { changeEntry, snapshotEntry } from './history-entries.js';

type Step = (document: ReturnType<typeof scanDocument>) => Edit;

const set =
  (route: string, ratePerMin: number, placement: Placement = { kind: 'auto' }): Step =>
  (document) =>
    setOverride(document, route, { ratePerMin }, placement);
const unset =
  (route: string): Step =>
  (document) =>
    unsetOverride(document, route);

/** Makes the changes one after the other; entries come newest first. */
function run(text: string, steps: readonly Step[]): { text: string; entries: readonly HistoryEntry[] } {
  const entries: HistoryEntry[] = [];
  let bytes: Uint8Array = Buffer.from(text);
  for (const [index, step] of steps.entries()) {
    const edit = step(scanDocument(bytes));
    entries.unshift(changeEntry(index + 1, bytes, edit));
    bytes = edit.next;
  }
  return { text: Buffer.from(bytes).toString(), entries };
}

function revert(
  text: string,
  entries: readonly HistoryEntry[],
  before?: string,
): { text: string; edit: Edit; conflicts: readonly unknown[] } {
  const earlier = before === undefined ? null : Buffer.from(before);
  const document = scanDocument(Buffer.from(text));
  const { edit, conflicts } = revertEntries(document, entries, () => earlier);
  const rebuilt = edit.splices === null ? edit.next : applySplices(document.bytes, edit.splices);
  expect(Buffer.from(rebuilt).equals(edit.next)).toBe(true);
  return { text: Buffer.from(edit.next).toString(), edit, conflicts };
}

describe('the document is what the change left', () => {
  const text = '{ "/a":{"rate": 1} ,\n"/b":{"rate":2},"/c":{}}';
  test.each([
    ['a changed value', [set('/b', 9)]],
    ['a new entry', [set('/d', 9)]],
    ['a removed entry', [unset('/a')]],
    ['a moved entry', [set('/c', 3, { kind: 'before', prefix: '/a' })]],
    [
      'several changes',
      [set('/b', 9), unset('/a'), set('/a', 4), unset('/c'), set('/b', 5, { kind: 'before', prefix: '/a' })],
    ],
  ])('%s: the exact bytes come back', (_, steps) => {
    const { text: changed, entries } = run(text, steps);
    expect(changed).not.toBe(text);
    const reverted = revert(changed, entries);
    expect(reverted.text).toBe(text);
    expect(reverted.conflicts).toEqual([]);
    expect(reverted.edit.changes.length).toBeGreaterThan(0);
  });

  test('a new document becomes an empty one', () => {
    const edit = setOverride(scanDocument(null), '/a', { burst: 1 });
    expect(revert(Buffer.from(edit.next).toString(), [changeEntry(1, null, edit)]).text).toBe('{}');
  });

  test('only the newest of two', () => {
    const first = run(text, [set('/b', 9)]);
    const both = run(text, [set('/b', 9), unset('/c')]);
    expect(revert(both.text, both.entries.slice(0, 1)).text).toBe(first.text);
  });

  test('an undo can be undone, and the undo of an undo as well', () => {
    const changed = run(text, [unset('/b'), set('/a', 7, { kind: 'after', prefix: '/c' })]);
    const undo = revert(changed.text, changed.entries);
    const undoEntry = changeEntry(3, Buffer.from(changed.text), undo.edit);
    const redo = revert(undo.text, [undoEntry]);
    expect(redo.text).toBe(changed.text);
    expect(revert(redo.text, [changeEntry(4, Buffer.from(undo.text), redo.edit)]).text).toBe(text);
  });

  test('the moved route is the one reported, not the one it changed places with', () => {
    const { text: changed, entries } = run('{"/a":1,"/b":2}', [set('/b', 2, { kind: 'before', prefix: '/a' })]);
    expect(revert(changed, entries).edit.changes.map(({ route }) => route)).toEqual(['/b']);
  });

  test('snapshots in the list are passed over', () => {
    const { text: changed, entries } = run(text, [set('/b', 9)]);
    expect(revert(changed, [snapshotEntry(2, Buffer.from(changed), 'periodic'), ...entries]).text).toBe(text);
  });

  test('500 times: N random changes and N reverts give the exact bytes back', () => {
    const step = fc.record({
      route: keys,
      patch: patches,
      action: fc.constantFrom('set', 'unset', 'before', 'after'),
      anchor: fc.nat(),
    });
    fc.assert(
      fc.property(
        documents,
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (start, steps, isOneByOne) => {
          const { text: changed, entries } = run(
            start,
            steps.map(({ route, patch, action, anchor }) => (document) => {
              if (action === 'unset') return unsetOverride(document, route);
              const others = document.members.filter(({ key }) => key !== route);
              const prefix = others[anchor % Math.max(others.length, 1)]?.key;
              if (prefix === undefined || (action !== 'before' && action !== 'after'))
                return setOverride(document, route, patch);
              return setOverride(document, route, patch, { kind: action, prefix });
            }),
          );
          const back = isOneByOne
            ? entries.reduce((bytes, entry) => revert(bytes, [entry]).text, changed)
            : revert(changed, entries).text;
          expect(back).toBe(start);
        },
      ),
      { numRuns: 500, seed: 31 },
    );
  }, 120_000);
});

describe('somebody changed the document since', () => {
  test('another route: value and place come back, theirs stays', () => {
    const changed = run('{"/a":{"rate":1},"/b":{"rate":2}}', [set('/a', 9)]);
    const theirs = changed.text.replace('"/b":{"rate":2}', '"/b":{"rate":3},"/x":{}');
    const reverted = revert(theirs, changed.entries);
    expect(reverted.text).toBe('{"/a":{"rate":1},"/b":{"rate":3},"/x":{}}');
    expect(reverted.edit.changes).toEqual([
      { route: '/a', before: '{"rate":9}', after: '{"rate":1}', previous: null, next: '/b' },
    ]);
  });

  test.each([
    ['after the key that stood before it', '{"/x":0,"/a":1,"/y":0,"/c":3}', '{"/x":0,"/a":1,"/b":2,"/y":0,"/c":3}'],
    ['before the key that stood after it', '{"/x":0,"/c":3,"/y":0}', '{"/x":0,"/b":2,"/c":3,"/y":0}'],
    ['where nothing hides it', '{"/x":0,"/":3,"/y":0}', '{"/x":0,"/b":2,"/":3,"/y":0}'],
  ])('a removed entry comes back %s', (_, theirs, expected) => {
    const { entries } = run('{"/a":1,"/b":2,"/c":3}', [unset('/b')]);
    expect(revert(theirs, entries)).toMatchObject({ text: expected, conflicts: [] });
  });

  test('a moved entry goes back to its place; one that was only changed stays where it is', () => {
    const moved = run('{"/a":1,"/b":{"rate":2},"/c":3}', [set('/b', 2, { kind: 'after', prefix: '/c' })]);
    expect(revert(moved.text.replace('"/c":3', '"/c":4'), moved.entries).text).toBe('{"/a":1,"/b":{"rate":2},"/c":4}');
    const changed = run('{"/a":1,"/b":{"rate":2},"/c":3}', [set('/b', 5)]);
    expect(revert('{"/b":{"rate":5},"/c":4,"/a":1}', changed.entries).text).toBe('{"/b":{"rate":2},"/c":4,"/a":1}');
  });

  test('whitespace alone is no conflict', () => {
    const { entries } = run('{"/a":{"rate":1}}', [set('/a', 9)]);
    expect(revert('{\n  "/a": { "rate": 9 }\n}', entries)).toMatchObject({
      text: '{\n  "/a": {"rate":1}\n}',
      conflicts: [],
    });
  });

  test('what is already as it was is no conflict and no change', () => {
    const { entries } = run('{"/a":{"rate":1}}', [set('/a', 9)]);
    const reverted = revert('{"/a":{"rate":1},"/x":0}', entries);
    expect(reverted.edit.changes).toEqual([]);
    expect(reverted.conflicts).toEqual([]);
  });

  test.each([
    ['a changed value', [set('/a', 9)], '{"/a":{"rate":8}}', '{"rate":9}', '{"rate":8}'],
    ['a value spelt as another number', [set('/a', 9)], '{"/a":{"rate":9.0}}', '{"rate":9}', '{"rate":9.0}'],
    ['an entry that is gone', [set('/a', 9)], '{}', '{"rate":9}', null],
    ['an entry put there again', [unset('/a')], '{"/a":{"rate":8}}', null, '{"rate":8}'],
  ])('conflict: %s', (_, steps, theirs, expected, found) => {
    const { entries } = run('{"/a":{"rate":1}}', steps);
    const reverted = revert(theirs, entries);
    expect(reverted.conflicts).toMatchObject([{ route: '/a', expected, found }]);
    expect(reverted.text).toBe(theirs);
    expect(reverted.edit.changes).toEqual([]);
  });

  test('in a list, conflicts are listed and the rest is put back', () => {
    const { text, entries } = run('{"/a":{"rate":1},"/b":{"rate":2}}', [set('/a', 9), set('/b', 8)]);
    const reverted = revert(text.replace('"rate":9', '"rate":7'), entries);
    expect(reverted.text).toBe('{"/a":{"rate":7},"/b":{"rate":2}}');
    expect(reverted.conflicts).toMatchObject([{ route: '/a' }]);
  });
});

describe('the document was replaced as a whole', () => {
  const old = '{"/a":1}';
  const entry = changeEntry(
    1,
    Buffer.from(old),
    replaceDocument(scanDocument(Buffer.from(old)), Buffer.from('{"/b":2}')),
  );

  test('while it is still that document, the earlier one comes back', () => {
    const reverted = revert('{"/b":2}', [entry], old);
    expect(reverted).toMatchObject({ text: old, conflicts: [], edit: { splices: null } });
    expect(reverted.edit.changes.map(({ route }) => route).toSorted()).toEqual(['/a', '/b']);
  });

  test.each([
    ['it changed since', '{"/b":3}', old, /changed since/],
    ['the earlier one is not at hand', '{"/b":2}', undefined, /not at hand/],
    ['what is at hand is another one', '{"/b":2}', '{"/a":2}', /not at hand/],
  ])('conflict: %s', (_, text, earlier, why) => {
    const reverted = revert(text, [entry], earlier);
    expect(reverted.text).toBe(text);
    expect(reverted.conflicts).toEqual([
      { route: '(document)', expected: entry.next, found: expect.any(String), why: expect.stringMatching(why) },
    ]);
  });

  test('an unreadable document is not brought back', () => {
    const repaired = changeEntry(1, Buffer.from('{oops'), replaceDocument(null, Buffer.from('{"/b":2}')));
    expect(revert('{"/b":2}', [repaired], '{oops').conflicts).toMatchObject([
      { why: expect.stringMatching(/could not be read/) },
    ]);
  });

  test('earlier changes are then inverted exactly', () => {
    const first = setOverride(scanDocument(Buffer.from('{"/z":0}')), '/a', { burst: 1 });
    const whole = replaceDocument(scanDocument(first.next), Buffer.from('{}'));
    const entries = [changeEntry(2, first.next, whole), changeEntry(1, Buffer.from('{"/z":0}'), first)];
    expect(revert('{}', entries, Buffer.from(first.next).toString()).text).toBe('{"/z":0}');
  });
});

test('an entry whose splices do not lead back is refused', () => {
  const { text, entries } = run('{"/a":1}', [set('/b', 2)]);
  const broken = entries.map((entry) => ({ ...entry, prev: 'f'.repeat(64) }));
  expect(() => revert(text, broken)).toThrow(expect.objectContaining({ code: 'HISTORY_BROKEN' }));
});
