import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { instanceAt } from '../../../src/domain/fleet/instance.js';
import { readingOf, type Observation, type Reading } from '../../../src/domain/fleet/observation.js';
import { judgeFleet, type Sighting } from '../../../src/domain/fleet/standing.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';

const stored = loadOverrides(Buffer.from('{"/a":{"rate":5},"/b":{"rate":7}}'));
const base = { bucket: 'read', ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
const none = { matchedOverride: undefined, activeOverrides: undefined };

/** A server of the deployed kind, which lists nothing: it holds these rates. */
function seen(rates: Readonly<Record<string, number>>, more: Partial<Observation> = {}): Observation {
  const answers = ['/a', '/b'].map((prefix) => ({
    prefix,
    answer: { ...base, ...none, ratePerMin: rates[prefix] ?? 60 },
  }));
  const buckets = new Map([['read', { ...base, ...none }]]);
  return { basePath: '/internal', siteMode: null, buckets, answers, reloads: 1, activeOverrides: null, ...more };
}

const right = seen({ '/a': 5, '/b': 7 });

const fleet = (...all: readonly (readonly Observation[])[]) => sightingsOf(all, stored);
/** Where what is stored is not known. */
const blind = (...all: readonly (readonly Observation[])[]) => sightingsOf(all, null);

function sightingsOf(all: readonly (readonly Observation[])[], known: typeof stored | null): readonly Sighting[] {
  return all.map((observations, index) => ({
    instance: instanceAt(`http://h${index}`),
    readings: observations.map((each) => readingOf(each, known)),
    error:
      observations.length > 0 ? null : new RlctlError('unreachable', 'nothing listens', { code: 'API_UNREACHABLE' }),
    failures: observations.length > 0 ? 0 : 1,
    tookMs: 1,
  }));
}

const states = (sightings: readonly Sighting[], isKnown = true): readonly string[] =>
  judgeFleet(sightings, isKnown).standings.map(({ state }) => state);

describe('where what is stored is known', () => {
  test('who holds it is in step, whoever else does not', () => {
    expect(states(fleet([right], [seen({})], [right], []))).toEqual(['inStep', 'stale', 'inStep', 'unreachable']);
  });

  test('a stale majority does not make the others wrong about the document', () => {
    const { standings, groups } = judgeFleet(fleet([seen({})], [seen({})], [right]), true);
    expect(standings.map(({ state }) => state)).toEqual(['stale', 'stale', 'inStep']);
    expect(groups).toMatchObject([
      { count: 2, isMajority: true, isAsStored: false },
      { count: 1, isMajority: false, isAsStored: true },
    ]);
  });

  test('a flag of its own differs, without anything stored being contradicted', () => {
    const shadowed = seen(
      { '/a': 5, '/b': 7 },
      {
        buckets: new Map([
          ['read', { ...base, ...none }],
          ['auth', { ...base, ...none, bucket: 'auth', isShadow: true }],
        ]),
      },
    );
    const plain = seen(
      { '/a': 5, '/b': 7 },
      {
        buckets: new Map([
          ['read', { ...base, ...none }],
          ['auth', { ...base, ...none, bucket: 'auth' }],
        ]),
      },
    );
    const { standings } = judgeFleet(fleet([plain], [shadowed], [plain]), true);
    expect(standings.map(({ state }) => state)).toEqual(['inStep', 'differs', 'inStep']);
    expect(standings[1]).toMatchObject({ shadows: ['auth'] });
  });

  test('answers of one address that disagree are a split, whichever was read first', () => {
    expect(states(fleet([right, right, seen({}), right]))).toEqual(['split']);
    expect(judgeFleet(fleet([seen({}), right]), true).standings[0]).toMatchObject({ reads: 2, distinctAnswers: 2 });
  });

  test('metrics alone show what no read could', () => {
    const behind = seen({ '/a': 5, '/b': 7 }, { activeOverrides: 1 });
    const { standings } = judgeFleet(fleet([right], [behind]), true);
    expect(standings[1]).toMatchObject({ state: 'stale', overrides: 1 });
    expect(standings[1]?.faults[0]).toContain('it counts 1 override, and 2 are stored');
  });

  test('an override that is not stored any more is seen in the list', () => {
    const list = ['/a', '/b', '/gone'];
    const holding = (activeOverrides: readonly string[]): Observation =>
      seen(
        {},
        { answers: [{ prefix: '/a', answer: { ...base, ratePerMin: 5, matchedOverride: '/a', activeOverrides } }] },
      );
    const { standings } = judgeFleet(fleet([holding(list)], [holding(['/a', '/b'])]), true);
    expect(standings.map(({ state }) => state)).toEqual(['stale', 'inStep']);
    expect(standings[0]).toMatchObject({ overrides: 3 });
  });
});

test('where it is not known, the most are right', () => {
  const { standings, groups } = judgeFleet(blind([right], [seen({ '/a': 1 })], [right]), false);
  expect(standings.map(({ state }) => state)).toEqual(['inStep', 'differs', 'inStep']);
  expect(groups.map(({ isMajority }) => isMajority)).toEqual([true, false]);
});

test('a tie has no majority, nobody in it is right, and it ends the same each time', () => {
  const other = seen({ '/a': 1 });
  const [one, two] = [judgeFleet(blind([right], [other]), false), judgeFleet(blind([other], [right]), false)];
  expect(one.groups).toEqual(two.groups);
  expect(one.groups.map(({ isMajority }) => isMajority)).toEqual([false, false]);
  expect(one.standings.map(({ state }) => state)).toEqual(['differs', 'differs']);
  // Where what is stored is known, it decides.
  expect(states(fleet([right], [other], [right], [other]))).toEqual(['inStep', 'stale', 'inStep', 'stale']);
});

test('two that both hold what is stored, and differ in their own settings: neither is the right one', () => {
  const auth = (isShadow: boolean) => ({ ...base, ...none, bucket: 'auth', isShadow });
  const own = (isShadow: boolean): Observation =>
    seen(
      { '/a': 5, '/b': 7 },
      {
        buckets: new Map([
          ['read', { ...base, ...none }],
          ['auth', auth(isShadow)],
        ]),
      },
    );
  expect(states(fleet([own(true)], [own(false)]))).toEqual(['differs', 'differs']);
});

test('the answers of a split address are counted, and what each process counts is told as a range', () => {
  const stale = seen({}, { reloads: 0 });
  const [standing] = judgeFleet(
    fleet([stale, right, stale, seen({ '/a': 5, '/b': 7 }, { reloads: 4 })]),
    true,
  ).standings;
  expect(standing).toMatchObject({ state: 'split', reads: 4, staleReads: 2 });
  expect(standing?.answers.map(({ times, reloads }) => ({ times, reloads }))).toEqual(
    expect.arrayContaining([
      { times: 2, reloads: [0, 0] },
      { times: 2, reloads: [1, 4] },
    ]),
  );
  const { groups } = judgeFleet(fleet([stale, stale, right]), true);
  expect(groups).toMatchObject([
    { reads: 2, isMajority: true, isAsStored: false },
    { reads: 1, isMajority: false, isAsStored: true },
  ]);
});

test('a digest says nothing about what is only counted', () => {
  const digest = (each: Observation): Reading['digest'] => readingOf(each, null).digest;
  expect(digest(right)).toBe(digest({ ...right, reloads: 99, activeOverrides: 2 }));
  expect(digest(right)).not.toBe(digest(seen({ '/a': 5 })));
  expect(digest(right)).toMatch(/^[0-9a-f]{12}$/);
});
