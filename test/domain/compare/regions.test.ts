import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceAt } from '../../../src/domain/compare/difference.js';
import { newlyHidden } from '../../../src/domain/compare/newly-hidden.js';
import { compareRegions, isInRegion } from '../../../src/domain/compare/regions.js';
import { effectivePolicy, loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import { OverrideIndex } from '../../../src/domain/policy/prefix-index.js';
import { documents, keys } from '../override/generated.js';
import { bytesOf, readVectors } from '../vectors/vectors.js';

const indexOf = (text: string) => new OverrideIndex(loadOverrides(Buffer.from(text)));
const compared = (before: string, after: string) => ({ before: indexOf(before), after: indexOf(after), base: null });
const shown = (before: string, after: string) =>
  compareRegions(compared(before, after)).map(({ region, fields }) => [
    region.prefix,
    region.except,
    fields.length > 0,
  ]);

describe('regions in which two documents differ', () => {
  const routes = fc
    .tuple(fc.constantFrom('', '/', '/a'), keys, fc.string({ unit: 'binary', maxLength: 4 }))
    .map((parts) => parts.join(''));

  test('a route lies in a region that differs exactly where its own policies or overrides differ, and as the region says', () => {
    fc.assert(
      fc.property(documents, documents, fc.array(routes, { minLength: 1, maxLength: 8 }), (left, right, asked) => {
        const pair = compared(left, right);
        const differences = compareRegions(pair);
        for (const route of asked) {
          const at = differences.filter(({ region }) => isInRegion(region, route));
          // Looked at entry by entry, without any index.
          const [was, is] = [pair.before, pair.after].map(({ loaded }) => matchOverride(loaded, route));
          const isSame =
            was?.prefix === is?.prefix && JSON.stringify(sorted(was?.fields)) === JSON.stringify(sorted(is?.fields));
          if (route === '' || isSame) expect(at.filter(() => route !== '')).toEqual([]);
          else {
            expect(at).toHaveLength(1);
            const { route: _, ...own } = differenceAt(pair, route) ?? { route };
            expect(at[0]).toMatchObject(own);
          }
        }
      }),
      { seed: 812, numRuns: 1000 },
    );
  });

  test('regions do not overlap, and every example lies in its own', () => {
    fc.assert(
      fc.property(documents, documents, (left, right) => {
        const differences = compareRegions(compared(left, right));
        for (const { route, region } of differences) {
          for (const each of [route, ...region.examples]) {
            expect(differences.filter((other) => isInRegion(other.region, each)).map((other) => other.region)).toEqual([
              region,
            ]);
          }
        }
      }),
      { seed: 813, numRuns: 1000 },
    );
  });

  test('of two golden documents, every route whose policy python sees change lies in a region that changes', () => {
    const vectors = readVectors();
    const [ratePerMin, burst, windowSeconds, isShadow] = vectors.base;
    const base = { ratePerMin, burst, windowSeconds, isShadow };
    let changed = 0;
    for (const [position, vector] of vectors.documents.entries()) {
      const other = vectors.documents[(position + 7) % vectors.documents.length] ?? vector;
      const [before, after] = [vector, other].map((each) => new OverrideIndex(loadOverrides(bytesOf(each)))) as [
        OverrideIndex,
        OverrideIndex,
      ];
      const changes = compareRegions({ before, after, base }).filter(({ fields }) => fields.length > 0);
      for (const [index, route] of vectors.routes.entries()) {
        if (route === '') continue;
        const isChanged =
          JSON.stringify(vector.matches[index]?.slice(1).map(String)) !==
          JSON.stringify(other.matches[index]?.slice(1).map(String));
        if (isChanged) changed += 1;
        expect(changes.some(({ region }) => isInRegion(region, route))).toBe(isChanged);
      }
    }
    expect(changed).toBeGreaterThan(1000);
  });

  test.each([
    ['{}', '{}', []],
    ['{"/a":{"rate":1}}', '{ "/a": {"rate": 1} }', []],
    ['{}', '{"/a":{"rate":1}}', [['/a', [], true]]],
    // Past a segment's end as well, but not where another override decides in both.
    ['{"/a/b":{"rate":1}}', '{"/a/b":{"rate":1},"/a":{"rate":2}}', [['/a', ['/a/b'], true]]],
    // The order alone.
    ['{"/a/b":{"rate":1},"/a":{"rate":2}}', '{"/a":{"rate":2},"/a/b":{"rate":1}}', [['/a/b', [], true]]],
    // Another override, the same effect.
    ['{"/a":{"rate":1}}', '{"/a/b":{"rate":1},"/a":{"rate":1}}', [['/a/b', [], false]]],
    ['{}', '{"/a":{}}', [['/a', [], false]]],
    // An entry that the server skips decides nothing.
    ['{}', '{"/a":{"rate":"x"}}', []],
    [
      '{"/a":{"rate":1}}',
      '{"":{"rate":1},"/a":{"rate":1}}',
      [
        ['', ['/a'], true],
        ['/a', [], false],
      ],
    ],
    [
      '{}',
      '{"/":{"rate":1},"":{"rate":2}}',
      [
        ['/', [], true],
        ['', ['/'], true],
      ],
    ],
    ['{}', '{"__proto__":{"rate":1}}', [['__proto__', [], true]]],
  ])('%s → %s', (before, after, expected) => {
    expect(shown(before, after)).toEqual(expected);
  });

  test('what stays hidden in both is no border', () => {
    expect(shown('{"/":{"rate":1},"/a":{"rate":2}}', '{"/":{"rate":3},"/a":{"rate":2}}')).toEqual([['/', [], true]]);
  });

  test('a field set to the bucket’s own value differs only while that is not known', () => {
    const pair = compared('{"/a":{}}', '{"/a":{"rate":60}}');
    expect(compareRegions(pair)[0]?.fields).toEqual([{ name: 'ratePerMin', before: null, after: 60 }]);
    const base = { ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
    expect(compareRegions({ ...pair, base })).toEqual([]);
    expect(effectivePolicy(base, pair.after.winnerOf('/a'))).toEqual(base);
  });

  test.each([
    ['{"/a":{"shadow":true}}', '{"/a":{"shadow":false}}', ['enforces']],
    ['{"/a":{"shadow":true}}', '{}', ['mayEnforce']],
    ['{"/a":{"shadow":false}}', '{"/a":{"shadow":true}}', ['shadows']],
    ['{}', '{"/a":{"shadow":true}}', []],
    ['{"/a":{"rate":1}}', '{"/a":{"rate":60001}}', ['blocks']],
    ['{"/a":{"rate":0}}', '{"/a":{"rate":1}}', ['unblocks']],
    ['{"/a":{"burst":-1,"shadow":true}}', '{"/a":{"burst":-1,"shadow":false}}', ['blocks', 'enforces']],
    ['{"/a":{"rate":1}}', '{"/a":{"rate":2}}', []],
  ])('what %s → %s does', (before, after, effects) => {
    expect(compareRegions(compared(before, after))[0]?.effects).toEqual(effects);
  });

  test('names what can never decide any more, and by which', () => {
    const pair = compared('{"/a/b":{},"/a":{},"/c":{},"/c/x":{}}', '{"/a":{},"/a/b":{},"/c":{},"/c/x":{}}');
    expect(newlyHidden(pair)).toEqual([{ prefix: '/a/b', by: '/a' }]);
  });

  test('two documents of 10,000 overrides are compared in a moment', () => {
    const many = (rate: number) =>
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: 10_000 }, (_, index) => [`/api/${index}/x`, { rate: index % 50 === 0 ? rate : 5 }]),
        ),
      );
    const pair = compared(many(1), many(2));
    const started = performance.now();
    expect(compareRegions(pair)).toHaveLength(200);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

function sorted(fields: object | null | undefined): readonly unknown[] {
  return Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
