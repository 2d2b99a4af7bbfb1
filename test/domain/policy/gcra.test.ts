import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, emissionIntervalMs, limitOf, policyInWords } from '../../../src/domain/policy/gcra.js';

const now = 1_700_000_000_000;

/** How many of `count` requests at the same moment pass. */
function admitted(policy: { ratePerMin: number; burst: number }, count: number): number {
  let cell: number | null = null;
  let passed = 0;
  for (let index = 0; index < count; index += 1) {
    const decision = decide(cell, now, policy);
    cell = decision.theoreticalArrivalTimeMs;
    if (decision.isAllowed) passed += 1;
  }
  return passed;
}

describe('the arithmetic', () => {
  test.each([
    [60, 1000],
    [7, 8571],
    [100, 600],
    [60_000, 1],
    [60_001, 0],
    [0, null],
    [-5, null],
  ])('rate %d: an interval of %s ms', (rate, interval) => {
    expect(emissionIntervalMs(rate)).toBe(interval);
  });

  test('the limit is the burst and one', () => {
    expect(limitOf(10)).toBe(11);
  });

  test.each([
    [60, 10, '11 requests at once, then one every 1 s'],
    [5, 0, '1 request at once, then one every 12 s'],
    [100, 20, '21 requests at once, then one every 600 ms'],
    [7, 1, '2 requests at once, then one every 8.571 s'],
    [60_001, 5, 'blocks every request: a rate of 60001 per minute makes the interval 0 ms'],
    [60, -1, 'blocks every caller not seen before: a burst of -1 is below 0'],
  ])('rate %d and burst %d in words', (ratePerMin, burst, words) => {
    expect(policyInWords({ ratePerMin, burst })).toBe(words);
    expect(policyInWords({ ratePerMin, burst, isShadow: true })).toBe(`${words} (shadow: counted, never blocked)`);
  });

  test('a rate of 0 is said to give no interval', () => {
    expect(policyInWords({ ratePerMin: 0, burst: 1 })).toMatch(/gives no interval/);
  });
});

describe('decisions', () => {
  test('a caller not seen before gets burst + 1 at once, then one per interval', () => {
    const policy = { ratePerMin: 60, burst: 2 };
    const decisions = [];
    let cell: number | null = null;
    for (const at of [0, 0, 0, 0, 999, 1000, 1000]) {
      const decision = decide(cell, now + at, policy);
      cell = decision.theoreticalArrivalTimeMs;
      decisions.push([decision.isAllowed, decision.remaining, decision.retryAfterMs]);
    }
    expect(decisions).toEqual([
      [true, 2, 0],
      [true, 1, 0],
      [true, 0, 0],
      [false, 0, 1000],
      [false, 0, 1],
      [true, 0, 0],
      [false, 0, 1000],
    ]);
  });

  test('a blocked request leaves the cell alone, and reset is now plus the burst', () => {
    const decision = decide(now + 60_000, now, { ratePerMin: 60, burst: 10 });
    expect(decision).toEqual({
      isAllowed: false,
      remaining: 0,
      limit: 11,
      retryAfterMs: 50_000,
      resetAtSeconds: now / 1000 + 10,
      theoreticalArrivalTimeMs: now + 60_000,
    });
  });

  test('1,000 policies: exactly burst + 1 of many at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 50 }), (ratePerMin, burst) => {
        expect(admitted({ ratePerMin, burst }, burst + 5)).toBe(burst + 1);
      }),
      { numRuns: 1000, seed: 61 },
    );
  });

  test.each([
    [60_001, 10],
    [0, 10],
    [-1, 10],
    [60, -1],
  ])('rate %d, burst %d: nobody gets through, and no wait helps', (ratePerMin, burst) => {
    expect(admitted({ ratePerMin, burst }, 3)).toBe(0);
    expect(decide(null, now, { ratePerMin, burst }).retryAfterMs).toBeNull();
  });
});
