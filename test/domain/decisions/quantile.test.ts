import { array, assert, double, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOf, type Edge } from '../../../src/domain/decisions/quantile.js';

const edges = (...pairs: readonly (readonly [number, number | null])[]): readonly Edge[] =>
  pairs.map(([edge, count]) => ({ edge, count }));

describe('quantileOf', () => {
  it.each([
    ['between two edges', 0.5, edges([1, 2], [2, 6], [Infinity, 6]), { seconds: 1.25, isAtLeast: false }],
    ['below the first edge, from 0', 0.5, edges([4, 4], [Infinity, 4]), { seconds: 2, isAtLeast: false }],
    ['beyond the last', 0.95, edges([1, 5], [10, 9], [Infinity, 10]), { seconds: 10, isAtLeast: true }],
    ['exactly at the last', 0.9, edges([1, 0], [10, 9], [Infinity, 10]), { seconds: 10, isAtLeast: false }],
    ['a first edge below 0', 0.1, edges([-1, 5], [Infinity, 6]), { seconds: -1, isAtLeast: false }],
    ['in any order', 0.5, edges([Infinity, 6], [2, 6], [1, 2]), { seconds: 1.25, isAtLeast: false }],
    ['counts that fall are raised', 0.5, edges([1, 4], [2, 2], [Infinity, 4]), { seconds: 0.5, isAtLeast: false }],
    ['equal edges are added', 0.5, edges([1, 1], [1, 1], [2, 6], [Infinity, 6]), { seconds: 1.25, isAtLeast: false }],
  ] as const)('%s', (_, q, given, expected) => {
    expect(quantileOf(q, given)).toEqual(expected);
  });

  it.each([
    ['nothing', edges()],
    ['no observation', edges([1, 0], [Infinity, 0])],
    ['no last edge', edges([1, 3], [2, 4])],
    ['one edge', edges([Infinity, 4])],
    ['a count that is no number', edges([1, 1], [Infinity, null])],
  ])('%s is no data', (_, given) => {
    expect(quantileOf(0.5, given)).toBeNull();
  });

  it('never falls as q rises, and lies within the edges', () => {
    const counts = array(nat(50), { minLength: 3, maxLength: 12 });
    assert(
      property(
        counts,
        double({ min: 0.001, max: 1, noNaN: true }),
        double({ min: 0.001, max: 1, noNaN: true }),
        (each, a, b) => {
          const rising = each.map((_, index) => each.slice(0, index + 1).reduce((sum, n) => sum + n, 0));
          const given = rising.map((count, index) => ({
            edge: index === each.length - 1 ? Infinity : index + 1,
            count,
          }));
          const [low, high] = [quantileOf(Math.min(a, b), given), quantileOf(Math.max(a, b), given)];
          if (low === null || high === null) return rising.at(-1) === 0;
          return low.seconds >= 0 && low.seconds <= high.seconds + 1e-9 && high.seconds <= each.length - 1;
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });
});
