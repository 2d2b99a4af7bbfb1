import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDocument } from '../../../src/domain/override/document.js';
import { replaceDocument, setOverride, unsetOverride, type Edit } from '../../../src/domain/override/edit.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { documentAt, replay } from '../../../src/domain/override/replay.js';
import { revisionOf } from '../../../src/domain/revision.js';
import { documents, keys, patches } from './generated.js';
import { changeEntry, snapshotEntry } from './history-entries.js';

/** A history as the store would write it: a first snapshot where the key existed, then the changes. */
class Recorder {
  readonly entries: HistoryEntry[] = [];
  readonly states: Uint8Array[] = [];
  bytes: Uint8Array | null;

  constructor(start: string | null) {
    this.bytes = start === null ? null : Buffer.from(start);
    if (this.bytes !== null) this.snapshot('first');
  }

  snapshot(why: HistoryEntry['snapshotOf']): void {
    this.entries.push(snapshotEntry(this.entries.length + 1, this.bytes, why));
  }

  change(edit: Edit): void {
    this.entries.push(changeEntry(this.entries.length + 1, this.bytes, edit));
    this.bytes = edit.next;
    this.states.push(edit.next);
  }

  set(route: string, ratePerMin: number): void {
    this.change(setOverride(scanDocument(this.bytes), route, { ratePerMin }));
  }
}

const textOf = (bytes: Uint8Array | null | undefined): string | null | undefined =>
  bytes == null ? bytes : Buffer.from(bytes).toString();

function example(): Recorder {
  const history = new Recorder('{"/a":1}');
  history.set('/b', 2);
  history.bytes = Buffer.from('{"/foreign":0}');
  history.snapshot('foreign');
  history.set('/c', 3);
  history.snapshot('periodic');
  history.change(replaceDocument(scanDocument(history.bytes), Buffer.from('{"/whole":1}')));
  history.set('/d', 4);
  return history;
}

describe('replay', () => {
  test('gives the last document', () => {
    const history = example();
    expect(textOf(replay(history.entries))).toBe(textOf(history.bytes));
    expect(textOf(replay(history.entries.slice(2)))).toBe(textOf(history.bytes));
    expect(replay([])).toBeNull();
  });

  test('starts from nothing where no key existed', () => {
    const history = new Recorder(null);
    history.set('/a', 1);
    expect(textOf(replay(history.entries))).toBe('{"/a":{"rate":1}}');
  });

  test('a key of another type has no document', () => {
    const wrong = snapshotEntry(1, null, 'wrongType');
    const edit = replaceDocument(null, Buffer.from('{"/a":1}'));
    expect(textOf(replay([wrong, changeEntry(2, null, edit)]))).toBe('{"/a":1}');
  });

  const alterations: readonly (readonly [string, (entries: HistoryEntry[]) => HistoryEntry[]])[] = [
    ['an entry is missing', (entries) => entries.toSpliced(1, 1)],
    ['two entries changed places', (entries) => [...entries.slice(0, 5), ...entries.slice(5).reverse()]],
    ['it starts in the middle', (entries) => entries.slice(1)],
    [
      'a revision is another one',
      (entries) => entries.with(1, { ...entries[1], next: 'f'.repeat(64) } as HistoryEntry),
    ],
    [
      'a snapshot carries other bytes',
      (entries) => entries.with(2, { ...entries[2], document: Buffer.from('{}') } as HistoryEntry),
    ],
    [
      'a whole document is not carried',
      (entries) => entries.with(5, { ...entries[5], document: null } as HistoryEntry),
    ],
    [
      'a periodic snapshot does not follow',
      (entries) => entries.with(2, { ...entries[2], snapshotOf: 'periodic' } as HistoryEntry),
    ],
  ];
  test.each(alterations)('throws where %s', (_, alter) => {
    expect(() => replay(alter(example().entries))).toThrow(
      expect.objectContaining({ code: 'HISTORY_BROKEN', kind: 'unexpected' }),
    );
  });

  test('300 random histories, foreign writers among them', () => {
    const step = fc.record({
      route: keys,
      patch: patches,
      kind: fc.constantFrom('set', 'set', 'unset', 'foreign', 'periodic'),
      text: documents,
    });
    fc.assert(
      fc.property(fc.option(documents), fc.array(step, { maxLength: 8 }), (start, steps) => {
        const history = new Recorder(start);
        for (const { route, patch, kind, text } of steps) {
          const document = scanDocument(history.bytes);
          if (kind === 'set') history.change(setOverride(document, route, patch));
          else if (kind === 'unset' && history.bytes !== null) history.change(unsetOverride(document, route));
          else if (kind === 'foreign') history.bytes = Buffer.from(text);
          if (kind === 'foreign') history.snapshot('foreign');
        }
        expect(textOf(replay(history.entries))).toBe(textOf(history.bytes));
        for (const state of history.states)
          expect(textOf(documentAt(history.entries, revisionOf(state)))).toBe(textOf(state));
      }),
      { numRuns: 300, seed: 51 },
    );
  }, 120_000);
});

describe('the document of a revision', () => {
  test('every one the history passed through', () => {
    const history = example();
    for (const state of history.states)
      expect(textOf(documentAt(history.entries, revisionOf(state)))).toBe(textOf(state));
    expect(textOf(documentAt(history.entries, revisionOf(Buffer.from('{"/a":1}'))))).toBe('{"/a":1}');
    expect(textOf(documentAt(history.entries, revisionOf(Buffer.from('{"/foreign":0}'))))).toBe('{"/foreign":0}');
  });

  test('before the first entry that carries a document, backwards', () => {
    const history = new Recorder('{"/a":1}');
    history.set('/b', 2);
    history.set('/c', 3);
    history.snapshot('periodic');
    const trimmed = history.entries.slice(1);
    expect(textOf(documentAt(trimmed, revisionOf(history.states[0] ?? null)))).toBe(textOf(history.states[0]));
    expect(textOf(documentAt(trimmed, revisionOf(Buffer.from('{"/a":1}'))))).toBe('{"/a":1}');
  });

  test('no key, and a revision nobody knows', () => {
    expect(documentAt(example().entries, 'none')).toBeNull();
    expect(documentAt(example().entries, 'f'.repeat(64))).toBeUndefined();
    expect(documentAt([], revisionOf(Buffer.from('{}')))).toBeUndefined();
  });
});
