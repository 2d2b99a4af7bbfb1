import { array, assert, nat, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countReturns } from '../../../src/domain/decisions/alternation.js';
import { processesOf } from '../../../src/domain/decisions/processes.js';
import type { Scrape, ScrapedSeries } from '../../../src/domain/decisions/scrape.js';
import { scrapedWindow } from '../../../src/domain/decisions/scraped-window.js';
import { createFakeRandomness } from '../../support/fake-time.js';

describe('countReturns', () => {
  it.each([
    ['a rise', [1, 2, 3], 0],
    ['a restart', [100, 110, 0, 10, 20, 30], 0],
    ['a restart that climbs back slowly', [30, 0, 10, 20, 30, 40], 0],
    ['two restarts', [30, 0, 10, 0, 10, 20], 0],
    ['two in turn', [100, 10, 101, 11, 102], 2],
    ['three in turn', [100, 50, 10, 101, 51, 11, 102], 2],
    ['one stray answer', [100, 101, 10, 102, 103], 1],
    ['nothing', [], 0],
  ])('%s', (_, levels, expected) => {
    expect(countReturns(levels)).toBe(expected);
  });
});

interface At {
  readonly atSeconds: number;
  readonly allowed: number;
  readonly blocked?: number;
  readonly start?: number;
  readonly isBurst?: boolean;
}

function scrape({ atSeconds, allowed, blocked, start, isBurst = false }: At): Scrape {
  const series = (action: string, value: number): [string, ScrapedSeries] => [
    action,
    { metric: 'decisions', bucket: 'read', action, shadow: 'false', edge: null, value },
  ];
  const own = [series('allowed', allowed), ...(blocked === undefined ? [] : [series('blocked', blocked)])];
  return { atMs: atSeconds * 1000, startSeconds: start ?? null, isBurst, series: new Map(own) };
}

const counted = (scrapes: readonly At[]) => {
  const { decisions, processes, points } = scrapedWindow(scrapes.map(scrape), 1000);
  return {
    ...Object.fromEntries(decisions.map(({ action, value }) => [action, value])),
    ...processes,
    points: points.length,
  };
};

describe('scrapedWindow', () => {
  it('one process: the increase; a series that appears began at 0', () => {
    const scrapes = [
      { atSeconds: 1, allowed: 5 },
      { atSeconds: 2, allowed: 8 },
      { atSeconds: 3, allowed: 9, blocked: 2 },
    ];
    expect(counted(scrapes)).toEqual({ allowed: 4, blocked: 2, resets: 0, isAlternating: false, seen: 1, points: 2 });
  });

  it('a restart: everything since it', () => {
    const scrapes = [
      { atSeconds: 1, allowed: 50, blocked: 1 },
      { atSeconds: 2, allowed: 8, blocked: 1 },
    ];
    expect(counted(scrapes)).toMatchObject({ allowed: 8, blocked: 1, resets: 1, isAlternating: false });
  });

  it('a restart that only its start time shows', () => {
    const scrapes = [
      { atSeconds: 100, allowed: 5, start: 50 },
      { atSeconds: 110, allowed: 8, start: 105 },
    ];
    expect(counted(scrapes)).toMatchObject({ allowed: 8, resets: 1, isAlternating: false });
  });

  it('another process that ran already is no restart', () => {
    const scrapes = [
      { atSeconds: 100, allowed: 5, start: 50 },
      { atSeconds: 110, allowed: 800, start: 40 },
    ];
    expect(counted(scrapes)).toMatchObject({ isAlternating: true, seen: 2 });
    expect(counted(scrapes)).not.toHaveProperty('allowed');
  });

  it('a burst that falls: several; each is compared with itself', () => {
    const scrapes = [
      { atSeconds: 1, allowed: 50 },
      { atSeconds: 1, allowed: 900, isBurst: true },
      { atSeconds: 1, allowed: 50, isBurst: true },
      { atSeconds: 6, allowed: 903 },
      { atSeconds: 6, allowed: 57, isBurst: true },
    ];
    expect(counted(scrapes)).toMatchObject({ allowed: 10, resets: 0, isAlternating: true, seen: 2 });
  });

  it('a second process taken for the first at first is found out', () => {
    const chains = processesOf(
      [10, 50, 11, 52, 13, 55].map((allowed, index) => scrape({ atSeconds: index, allowed })),
    ).chains;
    const levels = chains.map((chain) => chain.map(({ series }) => series.get('allowed')?.value));
    expect(levels.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual([
      [10, 11, 13],
      [50, 52, 55],
    ]);
  });

  it('one scrape is no data', () => {
    expect(counted([{ atSeconds: 1, allowed: 5 }])).toEqual({ resets: 0, isAlternating: false, seen: 1, points: 0 });
  });

  it('of workers that say when they started, in any order, it counts what each did between its first and last answer', () => {
    const steps = array(tuple(nat(3), nat(9)), { minLength: 8, maxLength: 40 });
    assert(
      property(steps, (answers) => {
        const totals = [7, 0, 120, 44];
        const firsts = new Map<number, number>();
        const lasts = new Map<number, number>();
        const scrapes = answers.map(([worker, more], index) => {
          const allowed = (totals[worker] = (totals[worker] ?? 0) + more);
          if (!firsts.has(worker)) firsts.set(worker, allowed);
          lasts.set(worker, allowed);
          return scrape({ atSeconds: 1000 + index, allowed, start: 100 + worker });
        });
        const counts = answers.map(([worker]) => worker);
        const isAnswered = new Set(counts).size < counts.length;
        const expected = [...lasts].reduce((sum, [worker, last]) => sum + last - (firsts.get(worker) ?? 0), 0);
        const found = scrapedWindow(scrapes, 1000).decisions[0]?.value ?? null;
        return !isAnswered || found === expected;
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});

/** Workers that say nothing of their start: what a day of balancing at random looks like. */
function balanced(seed: number, workers: number) {
  const random = createFakeRandomness(seed);
  const draw = (below: number): number => Math.floor(random.fraction() * below);
  const counters = Array.from({ length: workers }, () => Array.from({ length: 12 }, () => draw(400)));
  const truth = { at: counters.map((each) => [...each]) };
  const scrapes: Scrape[] = [];
  for (let round = 0; round < 12; round += 1) {
    for (let answer = 0; answer < 8; answer += 1) {
      const own = counters[draw(workers)] ?? [];
      const series = own.map((value, index): [string, ScrapedSeries] => [
        String(index),
        { metric: 'decisions', bucket: String(index), action: 'allow', shadow: 'false', edge: null, value },
      ]);
      scrapes.push({ atMs: 5000 * round + answer, startSeconds: null, isBurst: answer > 0, series: new Map(series) });
    }
    if (round < 11) for (const each of counters) each.forEach((value, index) => (each[index] = value + draw(30)));
  }
  const sum = (all: readonly (readonly number[])[]): number => all.flat().reduce((total, each) => total + each, 0);
  return { scrapes, increase: sum(counters) - sum(truth.at) };
}

it.each([2, 3, 4])('%i workers behind a balancer that draws lots: told apart, and nearly nothing lost', (workers) => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const { scrapes, increase } = balanced(seed, workers);
    const { decisions, processes } = scrapedWindow(scrapes, 5000);
    const found = decisions.reduce((sum, { value }) => sum + (value ?? 0), 0);
    expect([seed, processes.isAlternating, processes.seen]).toEqual([seed, true, workers]);
    // What happened after a worker's last answer is not known; nothing is ever invented.
    expect([seed, found <= increase, found >= 0.9 * increase]).toEqual([seed, true, true]);
  }
});
