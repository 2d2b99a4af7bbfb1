import { describe, expect, test } from 'vitest';
import type { HistoryBody, HistoryEntry } from '../../../src/domain/override/history.js';
import { keptPanicsText, parseKeptPanics, type KeptPanic } from '../../../src/domain/panic/kept.js';
import {
  isOpen,
  openPanic,
  panicOf,
  panicsIn,
  targetOfCommand,
  type Panic,
  type Present,
} from '../../../src/domain/panic/panics.js';
import { assertRestorableFlags, assertSamePlace } from '../../../src/domain/panic/restorable-flags.js';
import { judgeSwitch } from '../../../src/domain/panic/judge-switch.js';
import { panicCommand, parsePanicId } from '../../../src/domain/panic/target.js';

function entry(changeId: string, body: Partial<HistoryBody>, timeMs = 1000): HistoryEntry {
  return {
    entryId: `${timeMs}-0`,
    timeMs,
    kind: 'change',
    changeId,
    sequence: 1,
    prev: 'none',
    next: 'none',
    chain: '',
    document: null,
    snapshotOf: null,
    body: {
      v: 1,
      command: 'panic bucket financial',
      actor: 'ana',
      reason: null,
      ticket: null,
      rlctl: '1',
      environment: 'prod',
      undoes: null,
      routes: [{ route: '/pay', before: null, after: '{"shadow":true}', previous: null, next: null }],
      splices: [],
      ...body,
    },
  };
}

const of = (id: string): Pick<HistoryBody, 'partOf'> => ({
  partOf: [
    { kind: 'runbook', id: 'r-1' },
    { kind: 'panic', id },
  ],
});
const panic = (more: Partial<Panic>): Panic => ({
  id: 'p-00000001',
  command: 'panic bucket financial',
  way: 'overrides',
  atMs: 0,
  actor: 'ana',
  reason: null,
  ticket: null,
  changed: ['/pay'],
  found: [],
  standsOn: ['/pay'],
  takenOut: [],
  changeIds: ['c1'],
  restored: null,
  isLeft: false,
  leaves: [],
  ...more,
});

/** Everything is as panics want it, but for these. */
const present = (...gone: readonly string[]): Present => ({
  isShadow: (prefix) => !gone.includes(prefix),
  flagText: ({ record }) => (gone.includes(record.variable) ? null : record.wrote),
});
const recordedPanics = (history: readonly HistoryEntry[], now = present()): readonly Panic[] =>
  panicsIn({ history, kept: [] }, now);

describe('what the history tells of panics', () => {
  test('one is open until a change takes it back, whatever command that was', () => {
    const acted = entry('c1', of('p-00000001'));
    expect(recordedPanics([entry('c2', { command: 'override set' }), acted])).toEqual([
      panic({ atMs: 1000, restored: null }),
    ]);
    const undone = entry('c3', { command: 'override undo', undoes: 'c1', actor: 'bo' }, 5000);
    expect(recordedPanics([undone, acted], present('/pay'))[0]?.restored).toEqual({
      atMs: 5000,
      actor: 'bo',
      changeId: 'c3',
    });
    const together = entry('c4', { command: 'incident end', undoes: 'c9', alsoUndoes: ['c1'] });
    expect(recordedPanics([together, acted], present('/pay'))[0]?.restored).toMatchObject({ changeId: 'c4' });
  });

  test('what takes one back is no part of it, and names it all the same', () => {
    const back = entry('c2', { ...of('p-00000001'), undoes: 'c1' });
    expect(panicOf(back.body)).toBeNull();
    expect(recordedPanics([back, entry('c1', of('p-00000001'))])).toHaveLength(1);
    expect(panicOf(null)).toBeNull();
    expect(panicOf(entry('c', { partOf: [{ kind: 'incident', id: 'i' }] }).body)).toBeNull();
  });
});

describe('what a panic stands on', () => {
  const route = { before: null, after: '{"shadow":true}', previous: null, next: null };
  const acted = entry('c1', of('p-00000001'));
  const found = entry('c2', { ...of('p-00000002'), found: ['/pay'], routes: [{ ...route, route: '/checkout' }] }, 2000);
  const openIn = (history: readonly HistoryEntry[], now = present()): readonly string[] =>
    recordedPanics(history, now)
      .filter(isOpen)
      .map(({ id, standsOn }) => `${id} ${standsOn.join(' ')}`);

  test('is what it changed and what it found, as long as that is in shadow', () => {
    expect(openIn([found, acted])).toEqual(['p-00000002 /checkout /pay', 'p-00000001 /pay']);
    expect(openIn([found, acted], present('/pay'))).toEqual(['p-00000002 /checkout']);
    // What it found goes on counting where its own change is taken back as a change like any other.
    const undone = entry('c3', { command: 'override undo', undoes: 'c2' }, 3000);
    expect(openIn([undone, found, acted])).toEqual(['p-00000002 /pay', 'p-00000001 /pay']);
  });

  test('what nobody can tell counts as standing', () => {
    const unknown = { isShadow: () => null, flagText: () => undefined };
    expect(openIn([acted], unknown)).toEqual(['p-00000001 /pay']);
    expect(panicsIn({ history: [], kept: [kept('p-1')] }, unknown).map(isOpen)).toEqual([true]);
  });

  test.each([
    ['true', true],
    ['"true"', true],
    ['false', false],
    [null, false],
  ])('a flag that is %s', (text, isStanding) => {
    const [one] = panicsIn({ history: [], kept: [kept('p-1')] }, { ...present(), flagText: () => text });
    expect(one && isOpen(one)).toBe(isStanding);
  });
});

describe('the panic that is meant', () => {
  const restored = panic({ id: 'p-00000002', restored: { atMs: 7, actor: 'bo', changeId: null } });
  const other = panic({ id: 'p-00000003', command: 'panic global' });
  test('by its id, or the only open one', () => {
    expect(openPanic([panic({}), restored], null).id).toBe('p-00000001');
    expect(openPanic([panic({}), other], 'p-00000003').id).toBe('p-00000003');
  });

  test('or the one that this very change restored, where a run was cut off and is repeated', () => {
    const again = panic({ id: 'p-00000004', restored: { atMs: 7, actor: 'bo', changeId: 'c-fixed' } });
    expect(openPanic([other, again], null, 'c-fixed').id).toBe('p-00000004');
    expect(openPanic([other, again], null, 'c-other').id).toBe('p-00000003');
  });

  test.each([
    [[restored], null, 'NO_PANIC'],
    [[panic({}), other], null, 'PANIC_AMBIGUOUS'],
    [[panic({})], 'p-99999999', 'UNKNOWN_PANIC'],
    [[restored], 'p-00000002', 'PANIC_RESTORED'],
  ])('%#: is a usage error otherwise', (panics, id, code) => {
    expect(() => openPanic(panics, id)).toThrow(expect.objectContaining({ kind: 'usage', code }) as Error);
  });

  test('has an id of one form', () => {
    expect(parsePanicId('p-1a2b3c4d')).toBe('p-1a2b3c4d');
    for (const text of ['', 'p-', 'p-1A2B3C4D', 'p-1a2b3c4d5', '1a2b3c4d', 'p-1a2b3c4d\n'])
      expect(() => parsePanicId(text)).toThrow(expect.objectContaining({ code: 'PANIC_ID' }) as Error);
  });
});

test.each([
  [{ kind: 'global' }, 'panic global'],
  [{ kind: 'bucket', name: 'financial' }, 'panic bucket financial'],
  [{ kind: 'bucket', name: 'a b' }, "panic bucket 'a b'"],
  [{ kind: 'route', route: '/api/*x' }, "panic route '/api/*x'"],
] as const)('%j is typed as "%s", and read back', (target, command) => {
  expect(panicCommand(target)).toBe(command);
  expect(targetOfCommand(command)).toEqual(target);
});

const record = {
  place: '/etc/limiter.env',
  variable: 'RATE_LIMIT_SHADOW_READ',
  before: null,
  wrote: 'true',
  actor: 'ana',
  reason: null,
  ticket: null,
  at: '2026-11-21T10:00:00Z',
};
const kept = (id: string, restored: KeptPanic['restored'] = null): KeptPanic => ({
  id,
  command: 'panic bucket read',
  way: 'flags',
  atMs: 5,
  actor: 'ana',
  reason: 'r',
  ticket: null,
  flags: [{ bucket: 'read', record }],
  restored,
});

describe('panics that acted outside the document', () => {
  test('are read as they were written', () => {
    const panics = [kept('p-1'), kept('p-2', { atMs: 9, actor: 'bo' })];
    expect(parseKeptPanics(keptPanicsText(panics))).toEqual(panics);
    expect(panicsIn({ history: [], kept: [kept('p-1')] }, present())).toMatchObject([
      { changed: ['RATE_LIMIT_SHADOW_READ'], standsOn: ['RATE_LIMIT_SHADOW_READ'], changeIds: [], restored: null },
    ]);
    const found = {
      ...kept('p-3', { atMs: 9, actor: 'bo', reason: 'r', isLeft: true, leaves: ['/a'] }),
      way: 'overrides' as const,
      flags: [{ bucket: 'read', record, isFound: true as const }],
      found: ['/a'],
    };
    expect(parseKeptPanics(keptPanicsText([found]))).toEqual([found]);
  });

  test.each([
    null,
    '',
    '[]',
    '{"panics":5}',
    'no json',
    '{"panics":[null,{"id":1},{"id":"p","command":"c","actor":"a","way":"magic","atMs":1,"flags":[]}]}',
  ])('what is none is left out: %s', (text) => {
    expect(parseKeptPanics(text)).toEqual([]);
  });

  test('every open one is kept, and of the others the newest', () => {
    const done = { atMs: 9, actor: 'bo' };
    const many = [...Array.from({ length: 130 }, (_, index) => kept(`r${index}`, done)), kept('old')];
    const left = parseKeptPanics(keptPanicsText(many));
    expect(left).toHaveLength(101);
    expect([left[0]?.id, left.at(-1)?.id]).toEqual(['r0', 'old']);
  });
});

describe('flags to put back', () => {
  const flag = { bucket: 'read', record };
  const changed = { ...flag, record: { ...record, before: 'false' } };
  test.each([
    ['as the panic left it', flag, 'true'],
    ['nobody can tell', flag, undefined],
    ['absent again, as before', flag, null],
    ['as before', changed, 'false'],
  ])('%s', (_, one, now) => {
    expect(() => assertRestorableFlags([{ flag: one, now }], 'p-1')).not.toThrow();
  });

  test('one that holds anything else is a conflict with all three values, and none is put back', () => {
    const flags = [
      { flag, now: 'true' },
      { flag: changed, now: '1' },
    ];
    expect(() => assertRestorableFlags(flags, 'p-1')).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        details: { variables: [{ variable: record.variable, base: 'true', theirs: '1', mine: 'false' }] },
      }) as Error,
    );
  });

  test('another place than the configured one is a usage error that says what stood there', () => {
    const one = { id: 'p-1', way: 'flags', place: record.place } as const;
    const reach = { killSwitch: record.place, machine: 'here', config: null, environments: ['flags'] };
    expect(() => assertSamePlace([flag], one, { ...reach, flags: record.place })).not.toThrow();
    for (const place of ['/other', null])
      expect(() => assertSamePlace([flag], one, { ...reach, flags: place })).toThrow(
        expect.objectContaining({
          code: 'PANIC_ELSEWHERE',
          hint: expect.stringContaining('was not set') as string,
        }) as Error,
      );
  });
});

describe('the master switch', () => {
  const seen = { isEnabled: false, wanted: 2, unreached: 0, source: 'POST /config/reload' };
  test.each([
    ['every answer says so', { said: [false, false] }, 'proven', null],
    ['one process still says the contrary', { said: [false, true] }, 'contradicted', 'flagNeedsRestart'],
    ['too few answers say anything', { said: [false, null] }, 'notProven', null],
    ['no answer says anything', { said: [null, null] }, 'notProven', null],
    ['an address did not take the reload', { said: [false, false], unreached: 1 }, 'notProven', null],
    [
      'an address did not take it, and another one contradicts',
      { said: [true], unreached: 1 },
      'contradicted',
      'flagNeedsRestart',
    ],
  ] as const)('%s', (_, what, verdict, trap) => {
    expect(judgeSwitch({ ...seen, ...what })).toMatchObject({
      verdict,
      trap,
      levelReached: verdict === 'proven' ? 'loaded' : 'none',
    });
  });

  test('on again is judged the other way round', () => {
    expect(judgeSwitch({ ...seen, isEnabled: true, said: [true, true] }).diagnosis).toBe('the limiter is on');
    expect(judgeSwitch({ ...seen, isEnabled: true, said: [false] }).verdict).toBe('contradicted');
  });
});
