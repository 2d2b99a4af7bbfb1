import { describe, expect, test } from 'vitest';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { revisionOf } from '../../../src/domain/revision.js';
import type { FlagFlip } from '../../../src/domain/shadow/flag-flip.js';
import type { Incident } from '../../../src/domain/incident/incident.js';
import { changesIn, timelineOf, type TimelineItem } from '../../../src/domain/incident/timeline.js';
import { withProof } from '../../../src/domain/incident/verdict.js';
import { documentOf, isAfter, windowOf, type IncidentHistory } from '../../../src/domain/incident/window.js';
import { changeEntry, snapshotEntry } from '../override/history-entries.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** A history of documents, one after the other: `+` in front is a change made with rlctl, `!` one past it. */
function historyOf(...documents: readonly string[]): IncidentHistory & { readonly entries: readonly HistoryEntry[] } {
  const entries: HistoryEntry[] = [];
  let now: Uint8Array | null = null;
  let noticed = true;
  for (const document of documents) {
    const next = bytesOf(document.slice(1));
    if (document.startsWith('!')) noticed = false;
    else {
      if (!noticed || entries.length === 0)
        entries.push(snapshotEntry(entries.length + 1, now, noticed ? 'first' : 'foreign'));
      noticed = true;
      const [, route = '', rate = ''] = /"(\/\w+)":\{"rate":(\d+)\}\}?$/.exec(document) ?? [];
      const edit = setOverride(scanDocument(now), route, { ratePerMin: Number(rate) });
      expect(Buffer.from(edit.next).toString()).toBe(document.slice(1));
      entries.push(changeEntry(entries.length + 1, now, edit));
    }
    now = next;
  }
  return { entries, bytes: now, revision: revisionOf(now), nowMs: 1000, lostMs: null };
}

function incidentAt(sequence: number, document: string | null, more: Partial<Incident> = {}): Incident {
  const revision = revisionOf(document === null ? null : bytesOf(document));
  const entryId = sequence === 0 ? null : `${sequence}-0`;
  return {
    v: 1,
    id: 'i-00000001',
    title: 'slow',
    ticket: null,
    environment: 'test',
    startedBy: 'ann@host',
    start: { atMs: sequence, entryId, sequence, revision, document: null, flips: [] },
    notes: [],
    end: null,
    ...more,
  };
}

function told(incident: Incident, history: IncidentHistory, more: Partial<Parameters<typeof timelineOf>[1]> = {}) {
  return timelineOf(incident, {
    window: windowOf(incident, history),
    documents: documentOf(incident, history),
    entries: history.entries,
    flips: [],
    deeds: [],
    verdicts: new Map(),
    ...more,
  });
}

const words = (items: readonly TimelineItem[]): readonly string[] =>
  items.map((item) => {
    const number = 'number' in item ? `${item.number} ` : '';
    const what =
      item.kind === 'change' || item.kind === 'foreign' ? ` ${(item.diff ?? []).map(({ route }) => route).join()}` : '';
    return `${number}${item.kind}${what}`;
  });

describe('the timeline', () => {
  const history = historyOf(
    '+{"/a":{"rate":1}}',
    '+{"/a":{"rate":1},"/b":{"rate":2}}',
    '!{"/x":{"rate":9}}',
    '+{"/x":{"rate":9},"/c":{"rate":3}}',
    '!{"/x":{"rate":8},"/c":{"rate":3}}',
  );
  // 1 first, 2 /a, 3 /b, 4 foreign, 5 /c
  test.each([
    [
      'from before the first change',
      0,
      null,
      ['started', '1 change /a', '2 change /b', '3 foreign /a,/x,/b', '4 change /c', '5 foreign /x'],
    ],
    [
      'from the middle',
      2,
      '{"/a":{"rate":1}}',
      ['started', '1 change /b', '2 foreign /a,/x,/b', '3 change /c', '4 foreign /x'],
    ],
    ['from the end', 5, '{"/x":{"rate":9},"/c":{"rate":3}}', ['started', '1 foreign /x']],
    ['from after the last foreign change', 5, '{"/x":{"rate":8},"/c":{"rate":3}}', ['started']],
  ])('%s holds what comes after its place in the stream', (_, sequence, document, expected) => {
    expect(words(told(incidentAt(sequence, document), history))).toEqual(expected);
  });

  test('a foreign change of before the start is no part of it, though an entry of after the start notices it', () => {
    expect(words(told(incidentAt(3, '{"/x":{"rate":9}}'), history))).toEqual([
      'started',
      '1 change /c',
      '2 foreign /x',
    ]);
  });

  test('of a foreign change in two parts, before and after the start, only the second counts where the start is kept', () => {
    const kept = '{"/x":{"rate":5}}';
    const incident = incidentAt(3, kept);
    const withDocument = { ...incident, start: { ...incident.start, document: kept } };
    const [, first] = told(withDocument, history);
    expect(first).toMatchObject({
      kind: 'foreign',
      diff: [{ route: '/x', fields: [{ before: 5, after: 9 }] }],
      afterMs: 3,
      atMs: 4,
    });
    // Nothing leads to it: what exactly was changed cannot be told.
    expect(told(incident, history)[1]).toMatchObject({ kind: 'foreign', diff: null });
  });

  test('what comes after its end is no part of it; what was left past rlctl at the end is kept by the entry after it', () => {
    const at = (sequence: number, text: string) => ({
      atMs: sequence,
      entryId: `${sequence}-0`,
      sequence,
      revision: revisionOf(bytesOf(text)),
    });
    const end = { by: 'bob@host', outcome: 'kept' as const, changeId: null, verdict: null, flags: [], flips: [] };
    const ended = incidentAt(2, '{"/a":{"rate":1}}', {
      end: { ...at(3, '{"/a":{"rate":1},"/b":{"rate":2}}'), ...end },
    });
    expect(words(told(ended, history))).toEqual(['started', '1 change /b', 'ended']);
    const foreign = incidentAt(2, '{"/a":{"rate":1}}', { end: { ...at(3, '{"/x":{"rate":9}}'), ...end } });
    expect(words(told(foreign, history))).toEqual(['started', '1 change /b', '2 foreign /a,/x,/b', 'ended']);
  });

  test('notes and flags stand in the order of time, numbers count what changed something', () => {
    const flip = (bucket: string, atMs: number, actor = 'ann@host'): FlagFlip => ({
      bucket,
      isOn: true,
      place: 'limiter.env',
      actor,
      reason: null,
      ticket: null,
      at: new Date(atMs).toISOString(),
      verdict: 'proven',
    });
    const incident = incidentAt(2, '{"/a":{"rate":1}}', { notes: [{ atMs: 3, actor: 'eve', text: 'hm' }] });
    const flips = [flip('read', 4), flip('write', 4), flip('auth', 1)];
    const deed = {
      operation: { kind: 'panic' as const, id: 'p-1' },
      command: 'panic bucket financial',
      atMs: 6,
      actor: 'bob@host',
      reason: null,
      ticket: null,
      buckets: ['financial'],
      isStanding: true,
      wayBack: 'rlctl panic restore p-1',
    };
    const its = { ...flip('financial', 5, 'bob@host'), partOf: [deed.operation] };
    const items = told(incident, history, { flips: [...flips, its], deeds: [deed] });
    expect(words(items)).toEqual([
      'started',
      'note',
      '1 change /b',
      '2 foreign /a,/x,/b',
      '3 flags',
      '4 change /c',
      '5 foreign /x',
      '6 flags',
    ]);
    expect(items[4]).toMatchObject({ buckets: ['read', 'write'], command: 'shadow on read, write' });
    expect(items[7]).toMatchObject({ command: 'panic bucket financial', partOf: [{ kind: 'panic', id: 'p-1' }] });
    // The same person's flag of the same bucket at the same time is none of it, unless it says so.
    const beside = told(incident, history, { flips: [flip('financial', 5, 'bob@host')], deeds: [deed] });
    expect(beside.filter(({ kind }) => kind === 'flags')).toMatchObject([
      { command: 'shadow on financial', verdict: 'proven', partOf: [] },
      { command: 'panic bucket financial', verdict: null },
    ]);
    const back = { ...its, isOn: false, at: new Date(8).toISOString(), verdict: 'notProven' as const };
    const restored = { ...deed, command: 'panic restore', atMs: 7, isStanding: false };
    const both = told(incident, history, { flips: [its, back], deeds: [deed, restored] });
    expect(both.filter(({ kind }) => kind === 'flags')).toMatchObject([
      { command: 'panic bucket financial', isOn: true, verdict: 'proven' },
      { command: 'panic restore', isOn: false, verdict: 'notProven' },
    ]);
  });

  test('what was taken back says by what, and the change that ended it is none of its changes', () => {
    const made = history.entries.filter(({ changeId }) => ['change-2', 'change-3'].includes(changeId));
    const routes = made
      .flatMap(({ body }) => body?.routes ?? [])
      .map((each) => ({ ...each, before: each.after, after: each.before }));
    const back = { command: 'incident end', undoes: 'change-3', alsoUndoes: ['change-2'], routes };
    const entries = history.entries.map((entry) =>
      entry.sequence === 5 && entry.body !== null ? { ...entry, body: { ...entry.body, ...back } } : entry,
    );
    const place = { atMs: 5, entryId: '5-0', sequence: 5, revision: entries[4]?.next ?? '' };
    const end = {
      ...place,
      by: 'bob',
      outcome: 'restored' as const,
      changeId: 'change-5',
      verdict: 'proven' as const,
      flags: [],
      flips: [],
    };
    const items = told(incidentAt(0, null, { end }), { ...history, entries });
    expect(items.filter(({ kind }) => kind === 'change')).toMatchObject([
      { changeId: 'change-2', takenBackBy: 'change-5' },
      { changeId: 'change-3', takenBackBy: 'change-5' },
      { changeId: 'change-5', takenBackBy: null, isEnd: true, undoes: ['change-3', 'change-2'], verdict: 'proven' },
    ]);
    expect(changesIn(items).map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(items.at(-1)).toMatchObject({ kind: 'ended', outcome: 'restored', actor: 'bob' });
  });

  test('a history that begins later says so', () => {
    const cut = { ...history, entries: history.entries.slice(3) };
    expect(windowOf(incidentAt(1, null), cut).isCut).toBe(true);
    expect(windowOf(incidentAt(3, '{"/x":{"rate":9}}'), cut).isCut).toBe(false);
  });

  test('one that is gone says so too, and one in which nothing was done since does not', () => {
    const gone = { ...history, entries: [] };
    const [fresh, later] = [incidentAt(0, null), incidentAt(5, null)];
    const isCut = (incident: Incident, lostMs: number | null): boolean => windowOf(incident, { ...gone, lostMs }).isCut;
    expect([isCut(later, null), isCut(later, 6), isCut(later, 4), windowOf(later, history).isCut]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([isCut(fresh, null), isCut(fresh, 1)]).toEqual([false, true]);
    expect(isCut({ ...fresh, start: { ...fresh.start, atMs: 2 } }, 1)).toBe(false);
  });

  test('of one that has ended it is known up to where it should reach', () => {
    const endedAt = (sequence: number, from = 0): Incident => {
      const place = { atMs: sequence, entryId: `${sequence}-0`, sequence, revision: history.revision };
      const end = { by: 'bob', outcome: 'kept' as const, changeId: null, verdict: null, flags: [], flips: [] };
      return incidentAt(from, null, { end: { ...place, ...end } });
    };
    const cuts = (incident: Incident) =>
      [history.entries, history.entries.slice(3), history.entries.slice(0, 2), []].map(
        (entries) => windowOf(incident, { ...history, entries, lostMs: 9 }).isCut,
      );
    expect(cuts(endedAt(5))).toEqual([false, true, true, true]);
    expect(cuts(endedAt(5, 5))).toEqual([false, false, false, false]);
    expect(cuts(endedAt(0, 5))).toEqual([true, true, true, true]);
  });
});

test.each([
  ['5-0', '4-9', true],
  ['5-10', '5-9', true],
  ['5-9', '5-9', false],
  ['5-9', '10-0', false],
  ['1-0', null, true],
])('entry %s stands after %s: %s', (entryId, other, expected) => {
  expect(isAfter(entryId, other)).toBe(expected);
});

describe('a proof made now', () => {
  const history = historyOf(
    '+{"/a":{"rate":1}}',
    '+{"/a":{"rate":1},"/b":{"rate":2}}',
    '+{"/a":{"rate":1},"/b":{"rate":7}}',
  );
  const items = told(incidentAt(0, null), history);
  const verdicts = (proof: Parameters<typeof withProof>[1]) =>
    withProof(items, proof).flatMap((item) => (item.kind === 'change' ? [item.verdict] : []));

  test('tells of changes that stand, and nothing of those that a later one overwrote', () => {
    expect(verdicts({ verdict: 'proven', diagnosis: '', evidence: [] })).toEqual(['proven', null, 'proven']);
  });

  test('is told apart by the routes that the evidence is about', () => {
    const evidence = [
      { route: '/a', verdict: 'proven' as const },
      { route: '/b', verdict: 'contradicted' as const },
      { route: null, verdict: 'contradicted' as const },
    ];
    expect(verdicts({ verdict: 'contradicted', diagnosis: '', evidence })).toEqual(['proven', null, 'contradicted']);
    expect(verdicts({ verdict: 'contradicted', diagnosis: '', evidence: [] })).toEqual([
      'contradicted',
      null,
      'contradicted',
    ]);
    expect(
      verdicts({ verdict: 'notProven', diagnosis: '', evidence: [{ route: '/a', verdict: 'notProven' }] }),
    ).toEqual(['notProven', null, 'notProven']);
    expect(verdicts({ verdict: 'notAttempted', diagnosis: '', evidence: [] })).toEqual([
      'notAttempted',
      null,
      'notAttempted',
    ]);
  });
});
