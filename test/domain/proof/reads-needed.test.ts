import { describe, expect, it } from 'vitest';
import { confidenceOf, readsNeeded, reloadsNeeded } from '../../../src/domain/proof/reads-needed.js';

describe('reads', () => {
  it.each([
    [null, 32],
    [1, 1],
    [2, 14],
    [3, 23],
    [4, 33],
    [8, 69],
    [64, 585],
  ])('%s workers: %i', (workers, reads) => {
    expect(readsNeeded(workers)).toBe(reads);
  });

  it.each([2, 3, 4, 8, 64])('%i workers: the number is the least that is enough', (workers) => {
    const missed = (reads: number): number => ((workers - 1) / workers) ** reads;
    expect(missed(readsNeeded(workers))).toBeLessThan(1e-4);
    expect(missed(readsNeeded(workers) - 1)).toBeGreaterThanOrEqual(1e-4);
  });
});

describe('reloads', () => {
  it.each([1, 2, 3, 4, 8])('%i workers: enough to reach each of them', (workers) => {
    const missed = (reloads: number): number => workers * ((workers - 1) / workers) ** reloads;
    expect(missed(reloadsNeeded(workers))).toBeLessThan(1e-4);
    expect(workers === 1 || missed(reloadsNeeded(workers) - 1) >= 1e-4).toBe(true);
  });
});

it('confidence', () => {
  expect(confidenceOf(1, 1)).toBe(1);
  expect(confidenceOf(4, 0)).toBe(0);
  expect(confidenceOf(2, 1)).toBe(0.5);
  expect(confidenceOf(null, 32)).toBe(confidenceOf(4, 32));
});
