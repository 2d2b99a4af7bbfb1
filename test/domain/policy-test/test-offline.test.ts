import { describe, expect, test } from 'vitest';
import { loadOverrides } from '../../../src/domain/policy/matching.js';
import { OverrideIndex } from '../../../src/domain/policy/prefix-index.js';
import type { BasePolicy, Expected, PolicyTest } from '../../../src/domain/policy-test/policy-test.js';
import { testOffline } from '../../../src/domain/policy-test/test-offline.js';
import { bytesOf, readVectors } from '../vectors/vectors.js';

const testOf = (route: string, expected: Expected): PolicyTest => ({
  name: route,
  route,
  method: 'GET',
  bucket: 'read',
  expected,
  place: () => ({ file: 't', line: 1, column: 1 }),
});

function run(document: string, route: string, expected: Expected, base?: BasePolicy) {
  const index = new OverrideIndex(loadOverrides(Buffer.from(document)));
  const [result] = testOffline(
    index,
    [{ test: testOf(route, expected), bucket: 'read' }],
    new Map(base ? [['read', base]] : []),
  );
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('tests of a document', () => {
  const vectors = readVectors();
  const [ratePerMin, burst, windowSeconds, isShadow] = vectors.base;
  const bases = new Map([['read', { ratePerMin, burst, windowSeconds, isShadow }]]);

  test('expect what python gives for every golden document and route, and nothing else passes', () => {
    let count = 0;
    for (const vector of vectors.documents) {
      const index = new OverrideIndex(loadOverrides(bytesOf(vector)));
      const expected = vectors.routes.map((route, position): readonly [string, Expected] => {
        const [matched = null, rate, most, window, shadow = false] = vector.matches[position] ?? [];
        return [
          route,
          { matched, rate: Number(rate), burst: Number(most), window: Number(window), shadow, limit: Number(most) + 1 },
        ];
      });
      const states = (change: (each: Expected) => Expected) =>
        new Set(
          testOffline(
            index,
            expected.map(([route, each]) => ({ test: testOf(route, change(each)), bucket: 'read' })),
            bases,
          ).map(({ state }) => state),
        );
      expect(states((each) => each)).toEqual(new Set(['passed']));
      expect(states(({ shadow, ...each }) => ({ ...each, shadow: shadow !== true }))).toEqual(new Set(['failed']));
      expect(states(({ matched, ...each }) => ({ ...each, matched: `${matched ?? ''}.` }))).toEqual(
        new Set(['failed']),
      );
      count += expected.length;
    }
    expect(count).toBeGreaterThan(2000);
  });

  const document = '{"/x/bad":{"rate":"no"},"/x":{"rate":5,"shadow":"false"},"/x/y":{"rate":9},"/v":[]}';

  test.each([
    [
      '/x/y',
      { rate: 9, matched: '/x/y' },
      [
        '"/x/y" does not decide: "/x" stands earlier and takes every route that starts with "/x/y"',
        '"/x" decides: it is the first match in the document\'s order; it sets rate 5 per minute, shadow true',
        'shadow "false" is read as true',
      ],
    ],
    ['/x', { matched: '/nowhere' }, ['there is no override "/nowhere"', expect.stringContaining('"/x" decides')]],
    [
      '/v/1',
      { matched: '/v' },
      [
        '"/v" vanishes while loading: its value is a list, not an object',
        expect.stringContaining('no override decides'),
      ],
    ],
    [
      '/x/bad',
      { matched: '/x/bad' },
      [expect.stringContaining('"/x/bad" does not decide: rate "no" cannot be read'), expect.anything()],
    ],
    [
      '/x/bad',
      { rate: 1 },
      [expect.stringContaining('"/x/bad" starts it, but is skipped: rate "no"'), expect.anything()],
    ],
    [
      '/none',
      { matched: '/x' },
      ['"/x" does not decide: "/none" does not start with "/x"', 'no override decides: the bucket’s own policy holds'],
    ],
    ['/x', { matched: null }, [expect.stringContaining('"/x" decides')]],
  ])('%s: %j fails, with the reason', (route, expected, because) => {
    const result = run(document, route, expected);
    expect(result.state).toBe('failed');
    expect(result.because.slice(0, because.length)).toEqual(because);
  });

  test('a field of the bucket’s own that nobody told is no pass and no failure', () => {
    const result = run('{"/a":{"rate":5}}', '/a', { rate: 5, burst: 10 });
    expect(result.state).toBe('error');
    expect(result.because).toEqual([
      'burst follows from the bucket’s own policy, which is not known: give the numbers of "read" under "buckets" in the test file, or test without --against',
    ]);
    expect(run('{"/a":{"rate":5}}', '/a', { rate: 5, burst: 10, limit: 11 }, { burst: 10 }).state).toBe('passed');
    expect(run('{"/a":{"rate":5}}', '/a', { rate: 6, burst: 10 }).state).toBe('failed');
  });

  test('10,000 tests against 10,000 overrides take about a second, even where all of them fail', () => {
    const overrides = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`/api/route-${index}/items`, { rate: index + 1 }]),
    );
    const index = new OverrideIndex(loadOverrides(Buffer.from(JSON.stringify(overrides))));
    const tests = Array.from({ length: 10_000 }, (_, position) => ({
      test: testOf(`/api/route-${position}/items/1`, { rate: position, matched: '/api' }),
      bucket: 'read',
    }));
    const started = performance.now();
    expect(testOffline(index, tests, bases).every(({ state }) => state === 'failed')).toBe(true);
    // Generous: other work may share the machine; looking at each entry in turn takes many times as long.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
