import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheusSource } from '../../../src/adapters/metrics/prometheus-source.js';
import type { BucketDecisions, Decisions } from '../../../src/domain/decisions/decisions.js';
import { bucketSpellings } from '../../../src/domain/config/bucket-names.js';
import type { Quantile } from '../../../src/domain/decisions/quantile.js';
import { summarise } from '../../../src/domain/decisions/summarise.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';
import { startPrometheus, type RunningPrometheus } from '../../support/prometheus.js';
import { decisionCases, endSeconds, namespaceOf, openMetrics, prefixOf, type DecisionCase } from './decision-cases.js';

let prometheus: RunningPrometheus;

beforeAll(async () => {
  prometheus = await startPrometheus({ blocks: [openMetrics()] });
}, 60_000);

afterAll(() => prometheus.stop());

const deadline = createFakeDeadline(createFakeClock());

async function figuresOf(one: DecisionCase, index: number): Promise<Decisions> {
  const labels = new Map(Object.entries(one.labels ?? {}));
  const source = createPrometheusSource({ url: prometheus.url, credential: null, labels });
  const windowMs = (one.windowSeconds ?? 300) * 1000;
  const buckets = (one.only ?? []).map((name) => ({ name, spellings: bucketSpellings(name, []) }));
  try {
    const readings = await source.read(
      {
        namespace: namespaceOf(one, index),
        buckets: buckets.flatMap(({ spellings }) => spellings),
        windowMs,
        stepMs: 15_000,
        endMs: (endSeconds + (one.shiftSeconds ?? 0)) * 1000,
      },
      deadline,
    );
    return summarise(readings, { buckets, windowMs, workers: null, isScraped: false });
  } finally {
    source.close();
  }
}

/** PromQL as a person writes it for one bucket, with both spellings in sight. */
function byHand(one: DecisionCase, index: number) {
  const [prefix, window, more] = [prefixOf(one, index), `${one.windowSeconds ?? 300}s`, one.matchers ?? ''];
  const at = endSeconds + (one.shiftSeconds ?? 0);
  const number = (expression: string): Promise<number | null> => prometheus.number(expression, at);
  const quoted = (text: string): string => JSON.stringify(text);
  const counter = (bucket: string, matchers: string): string =>
    `${prefix}_rl_decisions_total{bucket=${quoted(bucket)},${matchers}${more}}[${window}]`;
  const actions = (bucket: string, over: string) => ({
    allowed: `sum(${over}(${counter(bucket, 'action=~"allow|allowed",shadow=~"true|false|True|False"')}))`,
    blocked: `sum(${over}(${counter(bucket, 'action=~"block|blocked",shadow=~"false|False"')}))`,
    shadowBlocked: `sum(${over}(${counter(bucket, 'action="shadow_block",shadow=~"true|false|True|False"')}) or ${over}(${counter(bucket, 'action=~"block|blocked",shadow=~"true|True"')}))`,
  });
  const quantile = (q: number, metric: string, bucket: string): Promise<number | null> =>
    number(
      `histogram_quantile(${q}, sum by (le) (increase(${prefix}_rl_${metric}_bucket{bucket=${quoted(bucket)}${more}}[${window}])))`,
    );
  const whole = (metric: string): string => `${prefix}_rl_${metric}{${more.slice(1)}}`;
  return {
    number,
    actions,
    quantile,
    errors: (bucket: string) =>
      number(`sum(increase(${prefix}_rl_eval_errors_total{bucket=${quoted(bucket)}${more}}[${window}]))`),
    reloads: () => number(`sum(increase(${whole('config_reload_total')}[${window}]))`),
    least: () => number(`min(${whole('active_overrides')})`),
    most: () => number(`max(${whole('active_overrides')})`),
  };
}

/** Sums in another order may differ in the last bits. */
function expectSame(what: string, found: number | null, hand: number | null): void {
  if (found === null || hand === null) expect([what, found]).toEqual([what, hand]);
  else
    expect([what, Math.abs(found - hand) <= 1e-9 * Math.max(1, Math.abs(hand)), found, hand]).toEqual([
      what,
      true,
      found,
      hand,
    ]);
}

const secondsOf = (quantile: Quantile | null): number | null => quantile?.seconds ?? null;

async function expectByHand(
  bucket: BucketDecisions,
  hand: ReturnType<typeof byHand>,
  areQuantilesNonsense: boolean,
): Promise<void> {
  const counts = hand.actions(bucket.bucket, 'increase');
  const rates = hand.actions(bucket.bucket, 'rate');
  for (const action of ['allowed', 'blocked', 'shadowBlocked'] as const) {
    expectSame(`${action} count`, bucket[action].count, await hand.number(counts[action]));
    expectSame(`${action} per second`, bucket[action].perSecond, await hand.number(rates[action]));
    const parts = await Promise.all(Object.values(counts).map((each) => hand.number(each)));
    const isWhole = parts.some((part) => part !== null) && bucket.total !== null;
    const sum = parts.reduce<number>((all, part) => all + (part ?? 0), 0);
    const share = isWhole && sum > 0 && bucket[action].count !== null ? bucket[action].count / sum : null;
    expectSame(`${action} share`, bucket[action].share, share);
  }
  const quantiles = [
    ['retry p50', bucket.retryAfter.p50, 0.5, 'retry_after_seconds'],
    ['retry p95', bucket.retryAfter.p95, 0.95, 'retry_after_seconds'],
    ['retry p99', bucket.retryAfter.p99, 0.99, 'retry_after_seconds'],
    ['eval p95', bucket.evalP95, 0.95, 'eval_duration_seconds'],
  ] as const;
  for (const [what, found, q, metric] of areQuantilesNonsense ? [] : quantiles) {
    expectSame(what, secondsOf(found), await hand.quantile(q, metric, bucket.bucket));
  }
  expectSame('eval errors', bucket.evalErrors, await hand.errors(bucket.bucket));
}

function remarkCodes({ remarks }: Decisions): readonly string[] {
  return remarks.map(({ code }) => code).filter((code) => code !== 'BUCKET_WITHOUT_DATA');
}

it('there are at least forty cases', () => {
  expect(decisionCases.length).toBeGreaterThanOrEqual(40);
});

describe('equal to PromQL by hand, and to what a person expects', () => {
  it.each(decisionCases.map((one, index) => ({ one, index, title: one.name })))('$title', async ({ one, index }) => {
    const decisions = await figuresOf(one, index);
    const hand = byHand(one, index);
    expect(decisions.buckets.map(({ bucket }) => bucket)).toEqual(Object.keys(one.expected).sort());
    for (const bucket of decisions.buckets) {
      await expectByHand(bucket, hand, one.areQuantilesNonsense ?? false);
      const { p50, p95, evalErrors, ...counts } = one.expected[bucket.bucket] ?? {};
      for (const [action, count] of Object.entries(counts)) {
        expectSame(`${action} as expected`, bucket[action as 'allowed'].count, count);
      }
      expect({
        p50: p50 === undefined ? undefined : bucket.retryAfter.p50,
        p95: p95 === undefined ? undefined : bucket.retryAfter.p95,
      }).toEqual({ p50, p95 });
      expect(evalErrors === undefined ? undefined : bucket.evalErrors).toBe(evalErrors);
    }
    expectSame('reloads', decisions.reloads, await hand.reloads());
    expectSame('least overrides', decisions.activeOverrides?.least ?? null, await hand.least());
    expectSame('most overrides', decisions.activeOverrides?.most ?? null, await hand.most());
    expect(one.reloads === undefined ? undefined : decisions.reloads).toBe(one.reloads);
    expect(one.overrides === undefined ? undefined : decisions.activeOverrides).toEqual(one.overrides);
    expect(remarkCodes(decisions)).toEqual(one.remarks ?? []);
  });
});

describe('what no case shows', () => {
  const at = endSeconds * 1000;
  const ask = (namespace: string, buckets: readonly string[] = [], stepMs = 15_000) => {
    const source = createPrometheusSource({ url: prometheus.url, credential: null, labels: new Map() });
    return source
      .read({ namespace, buckets, windowMs: 300_000, stepMs, endMs: at }, deadline)
      .finally(() => source.close());
  };
  const indexOf = (title: string): number => decisionCases.findIndex(({ name }) => name === title);

  it('promtool gives the same figures', async () => {
    const one = decisionCases[indexOf('both spellings in one fleet')] as DecisionCase;
    const namespace = namespaceOf(one, indexOf(one.name));
    const { buckets } = await figuresOf(one, indexOf(one.name));
    const blocked = `sum(increase(${namespace}_rl_decisions_total{action=~"block|blocked",shadow=~"false|False"}[5m]))`;
    expect(await prometheus.promtool(blocked, endSeconds)).toBe(`{} => ${buckets[0]?.blocked.count} @[${endSeconds}]`);
    const tail = decisionCases[indexOf('a histogram whose tail is saturated')] as DecisionCase;
    const p50 = `histogram_quantile(0.5, sum by (le) (increase(case${indexOf(tail.name)}_rl_retry_after_seconds_bucket[5m])))`;
    const seconds = (await figuresOf(tail, indexOf(tail.name))).buckets[0]?.retryAfter.p50?.seconds;
    expect(await prometheus.promtool(p50, endSeconds)).toBe(`{} => ${seconds} @[${endSeconds}]`);
  });

  it('the course is the rate by hand at each of its points, with a hole where there is none', async () => {
    const index = indexOf('a gap in the middle');
    const readings = await ask(namespaceOf(decisionCases[index] as DecisionCase, index));
    expect(readings.points.map(({ atMs }) => at - atMs)).toEqual(
      Array.from({ length: 20 }, (_, n) => (19 - n) * 15_000),
    );
    // Thirteen samples in the window: four scrape intervals as they then look.
    const range = `${Math.ceil((4 * 300) / 13)}s`;
    for (const { atMs, perSecond } of readings.points) {
      const hand = await prometheus.number(`sum(rate(case${index}_rl_decisions_total[${range}]))`, atMs / 1000);
      expectSame(new Date(atMs).toISOString(), perSecond[0]?.value ?? null, hand);
    }
    expect(readings.points.filter(({ perSecond }) => perSecond.length === 0).length).toBeGreaterThan(0);
  });

  it('a Prometheus that began within the window: its rates reach no further back than four scrape intervals', async () => {
    const index = indexOf('a series that begins in the window');
    const { pointMs, points } = await ask(`case${index}`);
    expect(pointMs).toBeLessThanOrEqual(75_000);
    for (const { atMs, perSecond } of points) {
      const hand = await prometheus.number(
        `sum(rate(case${index}_rl_decisions_total[${pointMs / 1000}s]))`,
        atMs / 1000,
      );
      expectSame(new Date(atMs).toISOString(), perSecond[0]?.value ?? null, hand);
    }
  });

  it('promtool gives the same course', async () => {
    const index = indexOf('two resets, one of another series');
    const { points } = await ask(`case${index}`);
    // Twenty-one samples in the window: four scrape intervals as they look then.
    const range = `${Math.ceil((4 * 300) / 21)}s`;
    const rate = `sum by (action) (rate(case${index}_rl_decisions_total[${range}]))`;
    const hand = await prometheus.promtoolRange(rate, endSeconds - 285, endSeconds, 15);
    for (const action of ['allow', 'block']) {
      const course = points.map(({ atMs, perSecond }) => {
        const value = perSecond.find((each) => each.action === action)?.value;
        return `${value} @[${atMs / 1000}]`;
      });
      expect(hand.get(`{action="${action}"}`)).toEqual(course);
    }
  });

  it.each([
    ['the newer of two instances', 'reloads and overrides of several instances', 7200, 75],
    ['ten seconds ago, between two full minutes', 'reloads and overrides of several instances', -65, 75],
    ['before the newer one', 'reloads and overrides of several instances', -80, 150],
    ['more than a day ago', 'reloads and overrides of several instances', 90_000, null],
    ['none in the last day', 'nothing happened: 0 and not "no data"', 7200, null],
    ['no such series', 'the documented spelling', 7200, null],
    ['no number', 'NaN in a histogram and in a gauge', 7200, null],
  ])('the last reload: %s', async (_, title, after, ago) => {
    const source = createPrometheusSource({ url: prometheus.url, credential: null, labels: new Map() });
    const question = { namespace: `case${indexOf(title)}`, endMs: at + after * 1000 };
    const found = await source.lastReload(question, deadline).finally(() => source.close());
    expect(found).toBe(ago === null ? null : at - ago * 1000);
  });

  it('no series at all: says what was looked for, and what there is', async () => {
    await expect(ask('nobody')).rejects.toMatchObject({
      kind: 'refused',
      code: 'NO_SERIES',
      message: expect.stringContaining('nobody_rl_decisions_total'),
      hint: expect.stringMatching(
        /allowed\|blocked\|allow\|block\|shadow_block.*true\|false\|True\|False.*It has: .*namespace/,
      ),
    });
  });

  it('no series of the bucket: says which buckets there are', async () => {
    const index = indexOf('four buckets, each with what it has');
    await expect(ask(`case${index}`, ['payments'])).rejects.toMatchObject({
      code: 'NO_SERIES',
      hint: expect.stringContaining('auth_bootstrap, financial, read, write'),
    });
  });

  it('a series that ended long before: says when', async () => {
    const source = createPrometheusSource({ url: prometheus.url, credential: null, labels: new Map() });
    const later = { namespace: 'case0', buckets: [], windowMs: 300_000, stepMs: 15_000, endMs: at + 3_600_000 };
    const error = source.read(later, deadline).finally(() => source.close());
    await expect(error).rejects.toMatchObject({
      code: 'NO_SERIES',
      message: expect.stringContaining('2026-11-20T12:0'),
    });
  });
});
