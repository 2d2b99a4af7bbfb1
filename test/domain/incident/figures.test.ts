import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figureWindows, scaleSteps, summaryOf, timeSteps } from '../../../src/domain/incident/figures.js';

const minute = 60_000;

describe('stretches of time around changes', () => {
  const marks = (...minutes: number[]) => minutes.map((each, index) => ({ number: index + 1, atMs: each * minute }));
  const shape = (nowMinute: number, ...minutes: number[]) =>
    figureWindows(marks(...minutes), nowMinute * minute).map(({ fromMs, toMs, marks: within }) => [
      fromMs / minute,
      toMs / minute,
      within.map(({ number }) => number),
    ]);

  test.each([
    ['one', 100, [60], [[55, 65, [1]]]],
    ['one just now: nothing after it yet', 60, [60], [[55, 60, [1]]]],
    ['two near each other', 100, [60, 64], [[55, 69, [1, 2]]]],
    [
      'two far from each other',
      100,
      [60, 66],
      [
        [55, 65, [1]],
        [61, 71, [2]],
      ],
    ],
    [
      'not in the order of time',
      100,
      [66, 60],
      [
        [55, 65, [2]],
        [61, 71, [1]],
      ],
    ],
    ['none', 100, [], []],
  ])('%s', (_, now, minutes, expected) => {
    expect(shape(now, ...minutes)).toEqual(expected);
  });

  test('ten in a row are two figures, so that each can be read', () => {
    const windows = figureWindows(marks(...Array.from({ length: 10 }, (_, index) => 60 + index)), 200 * minute);
    expect(windows.map(({ marks: within }) => within.length)).toEqual([9, 1]);
  });

  test('each change stands in exactly one, within it, and none is too fine to be asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 ** 8 }), { maxLength: 30 }), (times) => {
        const now = Math.max(0, ...times);
        const all = figureWindows(
          times.map((atMs, index) => ({ number: index + 1, atMs })),
          now,
        );
        expect(all.flatMap(({ marks: within }) => within.map(({ number }) => number)).sort((a, b) => a - b)).toEqual(
          times.map((_, index) => index + 1),
        );
        for (const { fromMs, toMs, stepMs, marks: within } of all) {
          expect(within.every(({ atMs }) => atMs >= fromMs && atMs <= toMs)).toBe(true);
          expect(stepMs >= 1000 && stepMs % 1000 === 0).toBe(true);
          expect((toMs - fromMs) / stepMs).toBeLessThanOrEqual(60);
        }
      }),
      { seed: 6 },
    );
  });
});

test.each([
  [0, [0, 0.25, 0.5, 0.75, 1]],
  [1, [0, 0.25, 0.5, 0.75, 1]],
  [4.2, [0, 2, 4, 6]],
  [23.5, [0, 10, 20, 30]],
  [100, [0, 25, 50, 75, 100]],
  [0.03, [0, 0.01, 0.02, 0.03]],
  [Number.NaN, [0, 0.25, 0.5, 0.75, 1]],
])('a scale up to %d has round steps', (most, expected) => {
  expect(scaleSteps(most)).toEqual(expected);
});

test('every scale reaches its highest value in few steps', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
      const steps = scaleSteps(most);
      expect(steps.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-6));
      expect(steps.length).toBeGreaterThan(1);
      expect(steps.length).toBeLessThanOrEqual(6);
    }),
    { seed: 7 },
  );
});

test.each([
  [0, 10 * minute, [0, 2, 4, 6, 8, 10]],
  [30_000, 9 * minute, [2, 4, 6, 8]],
  [0, 60 * minute, [0, 15, 30, 45, 60]],
])('times from %d to %d are round', (from, to, expected) => {
  expect(timeSteps(from, to).map((each) => each / minute)).toEqual(expected);
});

test('before and after are told apart by the first and the last change; no data is not 0', () => {
  const point = (atMs: number, blocked: number | null) => ({ atMs, allowed: 10, blocked, shadowBlocked: null });
  const bucket = { bucket: 'read', course: [point(1, 4), point(2, 2), point(5, null), point(8, 0), point(9, 1)] };
  const window = {
    fromMs: 0,
    toMs: 10,
    stepMs: 1,
    marks: [
      { number: 1, atMs: 2 },
      { number: 2, atMs: 6 },
    ],
  };
  const summary = (pointMs: number) => summaryOf(bucket, { window, pointMs });
  expect(summary(2)).toEqual({
    allowed: { before: 10, after: 10 },
    blocked: { before: 3, after: 0.5 },
    shadowBlocked: { before: null, after: null },
  });
  // A point that reaches back beyond the last change counts for neither side.
  expect(summary(3).blocked).toEqual({ before: 3, after: 1 });
  expect(summary(4).blocked).toEqual({ before: 3, after: null });
});
