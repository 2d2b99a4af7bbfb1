import { describe, expect, it } from 'vitest';
import { configurationsOf } from '../../../src/domain/decisions/configurations.js';
import type { Scrape } from '../../../src/domain/decisions/scrape.js';
import { isMetricPending, judgeMetrics, metricLabelsOf } from '../../../src/domain/proof/judge-metrics.js';
import type { InstanceConfiguration, MetricObservations } from '../../../src/domain/proof/metric-observations.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';

const loaded = loadOverrides(Buffer.from('{"/a":{"rate":120},"/b":{"burst":5},"/c":{"rate":"x"}}'));
const sentMs = 99_000;
const reloadMs = 100_000;

function instance(
  name: string,
  values: readonly (readonly [number, number])[],
  counter = values,
): InstanceConfiguration {
  const samples = (all: readonly (readonly [number, number])[]) => all.map(([atMs, value]) => ({ atMs, value }));
  return { name, activeOverrides: samples(values), reloads: counter === values ? [] : samples(counter) };
}

function seen(instances: readonly InstanceConfiguration[], more: Partial<MetricObservations> = {}): MetricObservations {
  return {
    source: 'Prometheus at https://prom.example.com',
    isScraped: false,
    instances,
    spellings: [],
    sinceMs: reloadMs,
    reload: { sentMs, doneMs: reloadMs },
    failure: null,
    isOtherNamespace: false,
    ...more,
  };
}

const lines = (metrics: MetricObservations) =>
  judgeMetrics(metrics, loaded).map(({ verdict, text }) => [verdict, text]);

describe('active overrides', () => {
  it.each([2, 3])('%i are what Redis explains', (value) => {
    expect(lines(seen([instance('a:1', [[reloadMs + 1, value]])]))[0]?.[0]).toBe('proven');
  });

  it.each([
    [0, 'shows 0 active overrides, where Redis explains 3'],
    [1, 'shows 1 active override,'],
    [4, 'shows 4 active overrides'],
  ])('%i contradict, and the instance is named', (value, text) => {
    const [line] = lines(seen([instance('a:1', [[reloadMs + 1, value]]), instance('b:1', [[reloadMs + 1, 2]])]));
    expect(line?.[0]).toBe('contradicted');
    expect(line?.[1]).toContain(`a:1 ${text}`);
  });

  it('a sample from before shows nothing yet: neutral, with its age, and worth waiting for', () => {
    const metrics = seen([instance('a:1', [[reloadMs - 4200, 0]])]);
    expect(lines(metrics)).toEqual([
      ['neutral', expect.stringContaining('not seen yet at a:1: its newest sample is 5 s')],
    ]);
    expect(isMetricPending(metrics, loaded)).toBe(true);
    expect(isMetricPending({ ...metrics, isScraped: true }, loaded)).toBe(false);
  });

  it('a value that has settled counts, not the one before it', () => {
    const settled = instance('a:1', [
      [reloadMs + 1, 0],
      [reloadMs + 2, 2],
      [reloadMs + 3, 2],
    ]);
    expect(lines(seen([settled]))[0]?.[0]).toBe('proven');
  });

  it('values that go back and forth are of processes that take turns, and each of them counts', () => {
    const turns = instance('a:1', [
      [reloadMs + 1, 2],
      [reloadMs + 2, 0],
      [reloadMs + 3, 2],
    ]);
    expect(lines(seen([turns]))[0]).toEqual(['contradicted', expect.stringContaining('and then 0 active overrides')]);
  });

  it('what could not be read is said, and decides nothing', () => {
    expect(lines(seen([], { failure: 'could not be read: no answer' }))).toEqual([['neutral', expect.any(String)]]);
    expect(lines(seen([]))).toEqual([['neutral', 'no process shows its number of active overrides']]);
  });
});

describe('the counter of reloads', () => {
  const gauge = [[reloadMs + 1, 2]] as const;
  it.each([
    [
      'moved',
      [
        [sentMs - 1, 4],
        [reloadMs + 1, 5],
      ],
      'proven',
      'moved',
    ],
    [
      'began anew',
      [
        [sentMs - 1, 4],
        [reloadMs + 1, 1],
      ],
      'proven',
      'moved',
    ],
    [
      'was scraped between the reload and its answer, and has moved',
      [
        [sentMs - 1, 4],
        [reloadMs - 1, 5],
        [reloadMs + 1, 5],
      ],
      'proven',
      'moved',
    ],
    [
      'was scraped between the two, and not since: it may yet move',
      [
        [sentMs - 1, 4],
        [reloadMs - 1, 4],
      ],
      'neutral',
      'not seen yet',
    ],
    ['was not scraped since', [[sentMs - 1, 4]], 'neutral', 'not seen yet'],
    [
      'stands still',
      [
        [sentMs - 1, 4],
        [reloadMs + 1, 4],
      ],
      'neutral',
      'did not move',
    ],
  ] as const)('%s', (_, counter, verdict, text) => {
    const line = lines(seen([instance('a:1', gauge, counter)])).at(-1);
    expect(line).toEqual([verdict, expect.stringContaining(text)]);
  });

  it('that moved at one of several processes says nothing of the others', () => {
    const still = [
      [sentMs - 1, 4],
      [reloadMs + 1, 4],
    ] as const;
    const moved = [
      [sentMs - 1, 4],
      [reloadMs + 1, 5],
    ] as const;
    const both = [instance('a:1', gauge, moved), instance('b:1', gauge, still)];
    expect(lines(seen(both)).at(-1)).toEqual(['neutral', expect.stringContaining('moved at 1 of 2')]);
  });

  it('says nothing where no reload was sent', () => {
    const counter = [
      [sentMs - 1, 4],
      [reloadMs + 1, 5],
    ] as const;
    expect(lines(seen([instance('a:1', gauge, counter)], { reload: null }))).toHaveLength(1);
  });
});

describe('labels', () => {
  it.each([
    ['documented', [{ action: 'blocked', shadow: 'true' }]],
    ['deployed', [{ action: 'shadow_block', shadow: 'True' }]],
    [
      null,
      [
        { action: 'blocked', shadow: 'false' },
        { action: 'allow', shadow: 'False' },
      ],
    ],
    [null, []],
  ])('are spelled as %s', (expected, spellings) => {
    expect(metricLabelsOf(spellings)).toBe(expected);
  });
});

describe('pages of one address', () => {
  const page = (atMs: number, gauge: number, reloads: number, startSeconds: number | null = null): Scrape => ({
    atMs,
    startSeconds,
    isBurst: true,
    series: new Map(
      [['activeOverrides', gauge] as const, ['configReloads', reloads] as const].map(([metric, value]) => [
        metric,
        { metric, bucket: '', action: '', shadow: '', edge: null, value },
      ]),
    ),
  });
  const told = (rounds: readonly (readonly Scrape[])[]) =>
    configurationsOf(rounds).map(({ activeOverrides, reloads }) => [
      activeOverrides.map(({ value }) => value),
      reloads.map(({ value }) => value),
    ]);

  it('that are the same are one process; its counter is told with what stood before', () => {
    expect(told([[page(1, 0, 4)], [page(9, 2, 5), page(9, 2, 5)]])).toEqual([[[2], [4, 5]]]);
  });

  it('that differ are of different processes, also where one holds nothing', () => {
    expect(told([[page(9, 2, 5), page(9, 0, 5), page(9, 2, 5)]])).toEqual([
      [[2], [5]],
      [[0], [5]],
    ]);
  });

  it('an earlier value is told only where it is certain whose it is', () => {
    const before = [page(1, 0, 7), page(1, 0, 3)];
    expect(told([before, [page(9, 2, 8), page(9, 0, 3)]])).toEqual([
      [[2], [7, 8]],
      [[0], [3]],
    ]);
  });

  it('a process that says when it started is known by it', () => {
    const before = [page(1, 0, 7, 100), page(1, 0, 3, 200)];
    expect(told([before, [page(9, 2, 4, 200), page(9, 2, 8, 100)]])).toEqual([
      [[2], [3, 4]],
      [[2], [7, 8]],
    ]);
  });
});
