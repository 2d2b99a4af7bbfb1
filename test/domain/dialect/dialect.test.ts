import { describe, expect, it } from 'vitest';
import {
  parseDetected,
  rememberSigns,
  traitNames,
  traitsOf,
  type Detected,
} from '../../../src/domain/dialect/dialect.js';
import { signsOf } from '../../../src/domain/dialect/signs.js';

const at = '2026-11-21T12:00:00.000Z';
const soon = '2026-11-21T12:30:00.000Z';
const later = '2026-11-21T14:00:00.000Z';

function first(signs = {}): Detected {
  const seen = rememberSigns(null, { basePath: '/internal', profile: 'documented', ...signs }, at);
  if (seen === null) throw new Error('nothing was remembered');
  return seen;
}

describe('what is remembered', () => {
  it('nothing, where not even an address answered', () => {
    expect(rememberSigns(null, { workersSeen: 2 }, at)).toBeNull();
  });

  it('each trait with the date on which it was seen', () => {
    const seen = rememberSigns(first(), { movesFlags: false }, soon);
    expect(seen).toMatchObject({ profile: 'documented', movesFlags: false, at: soon });
    expect(seen?.seenAt).toEqual({ basePath: at, profile: at, movesFlags: soon });
  });

  it('is not written anew within five minutes, and its dates are after them', () => {
    expect(rememberSigns(first(), { basePath: '/internal' }, '2026-11-21T12:04:59.000Z')).toBeNull();
    const minutes = '2026-11-21T12:05:00.000Z';
    expect(rememberSigns(first(), { basePath: '/internal' }, minutes)?.seenAt).toEqual({
      basePath: minutes,
      profile: at,
    });
    expect(rememberSigns(first(), { basePath: '/internal' }, later)?.seenAt).toEqual({ basePath: later, profile: at });
  });

  it('what was not seen now stays as it was, with its date', () => {
    const seen = rememberSigns(first({ readsOverrides: true }), { profile: 'empty', readsOverrides: null }, later);
    expect(seen).toMatchObject({ profile: 'empty', readsOverrides: true });
    expect(seen?.seenAt).toMatchObject({ profile: later, readsOverrides: at });
  });

  it('keeps the most processes that were seen within a day: which of them answer is chance', () => {
    const four = first({ workersSeen: 4 });
    expect(rememberSigns(four, { workersSeen: 3 }, later)?.workersSeen ?? four.workersSeen).toBe(4);
    expect(rememberSigns(four, { workersSeen: 5 }, later)).toMatchObject({ workersSeen: 5 });
    const nextWeek = new Date(Date.parse(at) + 7 * 24 * 60 * 60_000).toISOString();
    expect(rememberSigns(four, { workersSeen: 3 }, nextWeek)).toMatchObject({ workersSeen: 3 });
  });

  it('survives being stored', () => {
    const seen = first({ readsOverrides: true, workersSeen: 4, metricLabels: 'deployed', keyLayout: 'rl:overrides' });
    expect(parseDetected(JSON.parse(JSON.stringify(seen)) as Record<string, unknown>)).toEqual(seen);
  });

  it('of an older version is read, and carries one date for all', () => {
    const old = { basePath: '/internal', profile: 'empty', at, readsOverrides: true, enforcesOverrides: null };
    const seen = parseDetected(old);
    expect(seen).toMatchObject({ profile: 'empty', readsOverrides: true, movesFlags: null });
    expect(traitsOf(seen as Detected).map((each) => each.at)).toEqual([at, at, at]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['no date', { basePath: '/internal' }],
    ['a date that is none', { basePath: '/internal', at: 'yesterday' }],
    ['no base path', { at }],
  ])('a record with %s is none', (_, value) => {
    expect(parseDetected(value)).toBeNull();
  });

  it('is shown trait by trait, and only what was seen', () => {
    expect(traitsOf(first({ enforcesOverrides: false })).map(({ text }) => text)).toEqual([
      'answers under /internal',
      'accepts the documented signature',
      'shows overrides but does not enforce them',
    ]);
    expect(traitNames).toHaveLength(9);
  });
});

describe('what a proof shows of the dialect', () => {
  const nothing = { readsOverrides: null, enforcesOverrides: null };
  const reached = { endpoint: { origin: 'https://api.example.com', basePath: '/internal' }, profile: null };

  it('only what it saw itself, not what was known before', () => {
    const signs = signsOf(reached, { learned: { readsOverrides: true, enforcesOverrides: false } });
    expect(signs).not.toHaveProperty('readsOverrides');
    expect(signs).not.toHaveProperty('enforcesOverrides');
    expect(signs).toMatchObject({ basePath: '/internal' });
  });

  it('the key that is read, where overrides were seen to be read', () => {
    const learned = { ...nothing, readsOverrides: true, fresh: ['readsOverrides'] as const };
    expect(signsOf(reached, { learned })).toMatchObject({ readsOverrides: true, keyLayout: 'rl:overrides' });
  });
});
