/** The end of every window, epoch seconds; samples stand on multiples of 15 s around it. */
export const endSeconds = Date.parse('2026-11-20T12:00:00Z') / 1000;
const stepSeconds = 15;

type Labels = Readonly<Record<string, string>>;
/** Seconds before the end, and the value then. */
type Sample = readonly [ago: number, value: number];

export interface CaseSeries {
  /** The metric's name after `<prefix>_rl_`. */
  readonly metric: string;
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

/** What a person expects of one bucket; what is left out is not looked at. */
export interface ExpectedBucket {
  readonly allowed?: number | null;
  readonly blocked?: number | null;
  readonly shadowBlocked?: number | null;
  readonly p95?: { readonly seconds: number; readonly isAtLeast: boolean } | null;
  readonly p50?: { readonly seconds: number; readonly isAtLeast: boolean } | null;
  readonly evalErrors?: number | null;
}

export interface DecisionCase {
  readonly name: string;
  /** The namespace; absent: one of the case's own. */
  readonly namespace?: string;
  /** The prefix of its metrics by hand; absent: the namespace as it is. */
  readonly prefix?: string;
  readonly series: readonly CaseSeries[];
  readonly windowSeconds?: number;
  /** Moves the window's end, seconds. */
  readonly shiftSeconds?: number;
  readonly only?: readonly string[];
  readonly labels?: Labels;
  /** Matchers that narrow every query by hand, as `,env="prod"`. */
  readonly matchers?: string;
  /** Buckets by the name under which they are listed; exactly these. */
  readonly expected: Readonly<Record<string, ExpectedBucket>>;
  readonly reloads?: number | null;
  readonly overrides?: { readonly least: number; readonly most: number } | null;
  /** Codes of the remarks there must be; others may not be there, but for buckets without data. */
  readonly remarks?: readonly string[];
  /** PromQL answers an edge where every count is NaN; no data is the truth. */
  readonly areQuantilesNonsense?: boolean;
}

/** Samples every 15 s, from `from` to `to` seconds before the end, the value by the number of the sample. */
function every(from: number, to: number, value: (index: number) => number): readonly Sample[] {
  const count = Math.floor((from - to) / stepSeconds) + 1;
  return Array.from({ length: count }, (_, index) => [from - index * stepSeconds, value(index)] as const);
}

/** A counter that rises evenly through the window and ten minutes before it. */
const rising = (perStep: number, start = 0): readonly Sample[] => every(900, 0, (index) => start + perStep * index);
const constant = (value: number): readonly Sample[] => every(900, 0, () => value);

function decisions(
  bucket: string,
  action: string,
  shadow: string,
  samples: readonly Sample[],
  more: Labels = {},
): CaseSeries {
  return { metric: 'decisions_total', labels: { bucket, action, shadow, ...more }, samples };
}

const documented = { allow: ['allowed', 'false'], block: ['blocked', 'false'], shadow: ['blocked', 'true'] } as const;
const deployed = { allow: ['allow', 'False'], block: ['block', 'False'], shadow: ['shadow_block', 'True'] } as const;

function spelled(
  how: typeof documented | typeof deployed,
  bucket: string,
  steps: { readonly allow?: number; readonly block?: number; readonly shadow?: number },
  more: Labels = {},
): readonly CaseSeries[] {
  return (['allow', 'block', 'shadow'] as const).flatMap((each) => {
    const step = steps[each];
    const [action, shadow] = how[each];
    return step === undefined ? [] : [decisions(bucket, action, shadow, rising(step), more)];
  });
}

/** A histogram whose cumulative counts rise by `perStep` a step. */
function histogram(
  metric: 'retry_after_seconds' | 'eval_duration_seconds',
  labels: Labels,
  perStep: Readonly<Record<string, number>>,
  samples: (step: number) => readonly Sample[] = rising,
): readonly CaseSeries[] {
  return Object.entries(perStep).map(([le, step]) => ({
    metric: `${metric}_bucket`,
    labels: { ...labels, le },
    samples: samples(step),
  }));
}

const read = { bucket: 'read', shadow: 'false' };
const reloads = (samples: readonly Sample[], labels: Labels = {}): CaseSeries => ({
  metric: 'config_reload_total',
  labels,
  samples,
});
const overrides = (samples: readonly Sample[], labels: Labels = {}): CaseSeries => ({
  metric: 'active_overrides',
  labels,
  samples,
});
const errors = (bucket: string, samples: readonly Sample[]): CaseSeries => ({
  metric: 'eval_errors_total',
  labels: { bucket },
  samples,
});
const atLeast10 = { seconds: 10, isAtLeast: true };

/** Worker 1 stands at 1000 and above, worker 2 at 200 and above; every scrape meets the other one. */
const inTurn = (perStep: number): readonly Sample[] =>
  every(900, 0, (index) => (index % 2 === 0 ? 1000 : 200) + perStep * index);

/** Twenty steps fit into the window, whose both ends stand on a sample: no extrapolation, whole numbers. */
export const decisionCases: readonly DecisionCase[] = [
  {
    name: 'the documented spelling',
    series: spelled(documented, 'read', { allow: 10, block: 2, shadow: 3 }),
    expected: { read: { allowed: 200, blocked: 40, shadowBlocked: 60 } },
  },
  {
    name: 'the deployed spelling',
    series: spelled(deployed, 'financial', { allow: 1, block: 5, shadow: 4 }),
    expected: { financial: { allowed: 20, blocked: 100, shadowBlocked: 80 } },
  },
  {
    name: 'both spellings in one fleet',
    series: [
      ...spelled(documented, 'read', { allow: 10, block: 1, shadow: 2 }, { instance: 'a' }),
      ...spelled(deployed, 'read', { allow: 5, block: 3, shadow: 4 }, { instance: 'b' }),
    ],
    expected: { read: { allowed: 300, blocked: 80, shadowBlocked: 120 } },
  },
  {
    name: 'a deployed block in a bucket that observes',
    series: [decisions('read', 'block', 'True', rising(2)), decisions('read', 'shadow_block', 'False', rising(1))],
    expected: { read: { allowed: null, blocked: null, shadowBlocked: 60 } },
  },
  {
    name: 'four buckets, each with what it has',
    series: [
      ...spelled(deployed, 'auth_bootstrap', { allow: 3 }),
      ...spelled(deployed, 'read', { allow: 9, block: 1 }),
      ...spelled(deployed, 'write', { shadow: 2 }),
      ...spelled(deployed, 'financial', { block: 1 }),
    ],
    expected: {
      auth_bootstrap: { allowed: 60, blocked: null, shadowBlocked: null },
      read: { allowed: 180, blocked: 20, shadowBlocked: null },
      write: { allowed: null, blocked: null, shadowBlocked: 40 },
      financial: { allowed: null, blocked: 20, shadowBlocked: null },
    },
  },
  {
    name: 'the seeded bucket alone',
    series: [decisions('bootstrap', 'allow', 'False', constant(0)), reloads(constant(0)), overrides(constant(0))],
    expected: {},
    reloads: 0,
    overrides: { least: 0, most: 0 },
    remarks: ['NO_DECISIONS'],
  },
  {
    name: 'the seeded bucket beside a real one',
    series: [
      decisions('bootstrap', 'allow', 'False', rising(1)),
      errors('bootstrap', rising(1)),
      ...histogram('retry_after_seconds', { bucket: 'bootstrap', shadow: 'False' }, { '1': 5, '+Inf': 5 }),
      ...spelled(deployed, 'read', { allow: 2 }),
    ],
    expected: { read: { allowed: 40, evalErrors: null, p95: null } },
  },
  {
    name: 'a reset to 0',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index < 50 ? 10 * index : 10 * (index - 50))),
      ),
    ],
    expected: { read: { allowed: 190 } },
    remarks: ['COUNTER_RESETS'],
  },
  {
    name: 'a reset to a value above 0',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index < 50 ? 10 * index : 3 + 10 * (index - 50))),
      ),
    ],
    expected: { read: { allowed: 193 } },
    remarks: ['COUNTER_RESETS'],
  },
  {
    name: 'two resets, one of another series',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index < 45 ? 100 + index : index - 45)),
      ),
      decisions(
        'read',
        'block',
        'False',
        every(900, 0, (index) => (index < 55 ? 7 * index : 7 * (index - 55))),
      ),
    ],
    expected: { read: { allowed: 19, blocked: 133 } },
    remarks: ['COUNTER_RESETS'],
  },
  {
    name: 'a reset before the window',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index < 20 ? 1000 : index)),
      ),
    ],
    expected: { read: { allowed: 20 } },
  },
  {
    name: 'a gap in the middle',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        rising(10).filter(([ago]) => ago > 200 || ago < 80),
      ),
    ],
    expected: { read: { allowed: 200 } },
  },
  {
    name: 'a gap with a reset in it',
    series: [
      decisions('read', 'allow', 'False', [
        ...every(900, 180, (index) => 500 + index),
        ...every(60, 0, (index) => 8 + index),
      ]),
    ],
    expected: { read: { allowed: 20 } },
    remarks: ['COUNTER_RESETS'],
  },
  {
    name: 'a late series',
    series: [
      decisions('read', 'allow', 'False', rising(10)),
      decisions(
        'read',
        'block',
        'False',
        every(120, 0, (index) => 4 + index),
      ),
    ],
    expected: { read: { allowed: 200 } },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'a series with one sample in the window',
    series: [decisions('read', 'allow', 'False', rising(10)), decisions('read', 'block', 'False', [[0, 1]])],
    expected: { read: { allowed: 200, blocked: null } },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'a bucket with one sample in the window',
    series: [...spelled(deployed, 'read', { allow: 1 }), decisions('financial', 'block', 'False', [[0, 1]])],
    expected: { read: { allowed: 20 }, financial: { allowed: null, blocked: null, shadowBlocked: null } },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'a series with two samples in the window',
    series: [
      decisions('read', 'allow', 'False', [
        [30, 10],
        [15, 12],
      ]),
    ],
    expected: { read: {} },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'a series that begins in the window',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(90, 0, (index) => 10 + index),
      ),
    ],
    expected: { read: {} },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'a series that ended two minutes ago',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        rising(10).filter(([ago]) => ago >= 120),
      ),
    ],
    expected: { read: {} },
    remarks: ['STALE'],
  },
  {
    name: 'a series that ended before the window',
    series: [
      ...spelled(deployed, 'read', { allow: 10 }),
      decisions(
        'write',
        'allow',
        'False',
        every(900, 600, (index) => index),
      ),
    ],
    expected: { read: { allowed: 200 } },
  },
  {
    name: 'NaN in one sample',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index === 50 ? Number.NaN : index)),
      ),
      decisions('write', 'allow', 'False', rising(1)),
    ],
    expected: { read: {}, write: { allowed: 20 } },
  },
  {
    name: 'NaN in every sample',
    series: [decisions('read', 'allow', 'False', constant(Number.NaN)), decisions('read', 'block', 'False', rising(1))],
    expected: { read: { allowed: null, blocked: 20 } },
  },
  {
    name: 'NaN at the end of one of two instances',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => (index === 60 ? Number.NaN : index)),
        { instance: 'a' },
      ),
      decisions('read', 'allow', 'False', rising(1), { instance: 'b' }),
    ],
    expected: { read: { allowed: null } },
  },
  {
    name: 'NaN in a histogram and in a gauge',
    series: [
      ...spelled(deployed, 'read', { block: 1 }),
      ...histogram('retry_after_seconds', read, { '1': 1, '+Inf': 1 }, () => constant(Number.NaN)),
      overrides(constant(Number.NaN)),
      reloads(constant(Number.NaN)),
    ],
    expected: { read: { blocked: 20, p95: null, p50: null } },
    areQuantilesNonsense: true,
    reloads: null,
    overrides: null,
  },
  {
    name: 'a histogram',
    series: [
      ...spelled(documented, 'read', { block: 4 }),
      ...histogram('retry_after_seconds', read, { '1': 2, '5': 3, '10': 4, '+Inf': 4 }),
    ],
    expected: { read: { p50: { seconds: 1, isAtLeast: false }, p95: { seconds: 9, isAtLeast: false } } },
  },
  {
    name: 'a saturated histogram',
    series: [
      ...spelled(documented, 'read', { block: 4 }),
      ...histogram('retry_after_seconds', read, { '1': 0, '5': 0, '10': 0, '+Inf': 4 }),
    ],
    expected: { read: { p50: atLeast10, p95: atLeast10 } },
  },
  {
    name: 'a histogram whose tail is saturated',
    series: [
      ...spelled(documented, 'read', { block: 4 }),
      ...histogram('retry_after_seconds', read, { '1': 6, '5': 8, '10': 9, '+Inf': 10 }),
    ],
    expected: { read: { p50: { seconds: 5 / 6, isAtLeast: false }, p95: atLeast10 } },
  },
  {
    name: 'a quantile that is exactly the last edge',
    series: [
      ...spelled(documented, 'read', { block: 4 }),
      ...histogram('retry_after_seconds', read, { '5': 0, '10': 19, '+Inf': 20 }),
    ],
    expected: { read: { p95: { seconds: 10, isAtLeast: false } } },
  },
  {
    name: 'edges as Python writes them',
    series: [
      ...spelled(deployed, 'read', { block: 4 }),
      ...histogram(
        'retry_after_seconds',
        { bucket: 'read', shadow: 'False' },
        { '1.0': 1, '5.0': 2, '10.0': 3, '+Inf': 4 },
      ),
    ],
    expected: { read: { p50: { seconds: 5, isAtLeast: false }, p95: atLeast10 } },
  },
  {
    name: 'a histogram without its last edge',
    series: [
      ...spelled(deployed, 'read', { block: 4 }),
      ...histogram('retry_after_seconds', read, { '1': 2, '10': 4 }),
    ],
    expected: { read: { p50: null, p95: null } },
  },
  {
    name: 'a histogram with its last edge only',
    series: [...spelled(deployed, 'read', { block: 4 }), ...histogram('retry_after_seconds', read, { '+Inf': 4 })],
    expected: { read: { p50: null, p95: null } },
  },
  {
    name: 'a histogram in which nothing happened',
    series: [
      ...spelled(deployed, 'read', { allow: 4 }),
      ...histogram('retry_after_seconds', read, { '1': 0, '10': 0, '+Inf': 0 }),
    ],
    expected: { read: { p50: null, p95: null } },
  },
  {
    name: 'a histogram that was reset',
    series: [
      ...spelled(deployed, 'read', { block: 1 }),
      ...histogram('retry_after_seconds', read, { '1': 1, '5': 2, '10': 3, '+Inf': 4 }, (step) =>
        every(900, 0, (index) => step * (index < 50 ? index : index - 50)),
      ),
    ],
    expected: { read: { p50: { seconds: 5, isAtLeast: false }, p95: atLeast10 } },
  },
  {
    name: 'a histogram whose counts fall from edge to edge',
    series: [
      ...spelled(deployed, 'read', { block: 1 }),
      ...histogram('retry_after_seconds', read, { '1': 5, '5': 3, '10': 8, '+Inf': 7 }),
    ],
    expected: { read: {} },
  },
  {
    name: 'the histograms of shadowed and enforced requests are one',
    series: [
      ...spelled(documented, 'read', { block: 1, shadow: 1 }),
      ...histogram('retry_after_seconds', read, { '1': 1, '10': 1, '+Inf': 1 }),
      ...histogram('retry_after_seconds', { bucket: 'read', shadow: 'true' }, { '1': 0, '10': 0, '+Inf': 1 }),
    ],
    expected: { read: { p50: { seconds: 1, isAtLeast: false }, p95: atLeast10 } },
  },
  {
    name: 'evaluation: errors and duration',
    series: [
      ...spelled(deployed, 'read', { allow: 1 }),
      errors(
        'read',
        every(900, 0, (index) => (index < 50 ? 2 * index : 2 * (index - 50))),
      ),
      ...histogram('eval_duration_seconds', { bucket: 'read' }, { '0.001': 5, '0.01': 9, '10': 10, '+Inf': 10 }),
    ],
    expected: { read: { allowed: 20, evalErrors: 38 } },
    remarks: ['EVALUATION_ERRORS'],
  },
  {
    name: 'errors of a bucket without decisions',
    series: [...spelled(deployed, 'read', { allow: 1 }), errors('write', rising(3))],
    expected: {
      read: { evalErrors: null },
      write: { allowed: null, blocked: null, shadowBlocked: null, evalErrors: 60 },
    },
    remarks: ['EVALUATION_ERRORS'],
  },
  {
    name: 'reloads and overrides of several instances',
    series: [
      ...spelled(deployed, 'read', { allow: 1 }),
      reloads(
        every(900, 0, (index) => (index < 50 ? 4 : 5)),
        { instance: 'a' },
      ),
      reloads(
        every(900, 0, (index) => (index < 55 ? 1 : 3)),
        { instance: 'b' },
      ),
      overrides(constant(2), { instance: 'a' }),
      overrides(constant(0), { instance: 'b' }),
    ],
    expected: { read: { allowed: 20 } },
    reloads: 3,
    overrides: { least: 0, most: 2 },
    remarks: ['OVERRIDES_DIFFER'],
  },
  {
    name: 'a gauge that nobody exports any more',
    series: [
      ...spelled(deployed, 'read', { allow: 1 }),
      overrides(
        every(1500, 400, () => 2),
        { instance: 'gone' },
      ),
      overrides(constant(1), { instance: 'here' }),
    ],
    expected: { read: { allowed: 20 } },
    overrides: { least: 1, most: 1 },
  },
  {
    name: 'several workers, each an instance of its own',
    series: ['a', 'b', 'c'].flatMap((instance) => spelled(deployed, 'read', { allow: 3, block: 1 }, { instance })),
    expected: { read: { allowed: 180, blocked: 60 } },
  },
  {
    name: 'several workers in turn under one instance',
    series: [decisions('read', 'allow', 'False', inTurn(1)), decisions('read', 'block', 'False', inTurn(2))],
    expected: { read: {} },
    remarks: ['ALTERNATING_WORKERS'],
  },
  {
    name: 'an instance that restarts three times is not several',
    series: [
      decisions(
        'read',
        'allow',
        'False',
        every(900, 0, (index) => 5 * ((index - 41) % 6) + (index < 41 ? 500 : 0)),
      ),
    ],
    expected: { read: {} },
    remarks: ['COUNTER_RESETS'],
  },
  {
    name: 'nothing happened: 0 and not "no data"',
    series: [
      decisions('read', 'allow', 'False', constant(77)),
      decisions('read', 'block', 'False', constant(3)),
      errors('read', constant(0)),
      reloads(constant(9)),
    ],
    expected: { read: { allowed: 0, blocked: 0, shadowBlocked: null, evalErrors: 0 } },
    reloads: 0,
  },
  {
    name: 'an action that nobody knows',
    series: [...spelled(documented, 'read', { allow: 1 }), decisions('read', 'throttled', 'false', rising(7))],
    expected: { read: { allowed: 20, blocked: null } },
    remarks: ['UNKNOWN_LABELS'],
  },
  {
    name: 'a shadow label that nobody knows',
    series: [...spelled(documented, 'read', { allow: 1 }), decisions('read', 'blocked', '1', rising(7))],
    expected: { read: { allowed: 20, blocked: null, shadowBlocked: null } },
    remarks: ['UNKNOWN_LABELS'],
  },
  {
    name: 'a namespace with dots and dashes',
    namespace: 'acme.rate-limit:eu',
    prefix: 'acme_rate_limit_eu',
    series: spelled(deployed, 'read', { allow: 1 }),
    expected: { read: { allowed: 20 } },
  },
  {
    name: 'a namespace that starts with a digit',
    namespace: '9lives',
    prefix: '_9lives',
    series: spelled(deployed, 'read', { allow: 1 }),
    expected: { read: { allowed: 20 } },
  },
  {
    name: 'a namespace that is a query',
    namespace: 'x"} or vector(1) # {a=',
    prefix: 'x___or_vector_1_____a_',
    series: spelled(deployed, 'read', { allow: 1 }),
    expected: { read: { allowed: 20 } },
  },
  {
    name: 'a bucket whose name is a query',
    series: [decisions('a"b\\c\nd', 'allow', 'False', rising(1)), decisions('x', 'allow', 'False', rising(2))],
    only: ['a"b\\c\nd'],
    expected: { 'a"b\\c\nd': { allowed: 20 } },
  },
  {
    name: 'a bucket whose name is a regular expression',
    series: [
      ...spelled(deployed, 'r.*d', { allow: 1 }),
      ...spelled(deployed, 'read', { allow: 2 }),
      ...spelled(deployed, '^(a|b)$', { allow: 3 }),
    ],
    only: ['r.*d', '^(a|b)$'],
    expected: { 'r.*d': { allowed: 20 }, '^(a|b)$': { allowed: 60 } },
  },
  {
    name: 'auth under the name of deployed servers',
    series: [...spelled(deployed, 'auth_bootstrap', { allow: 1 }), ...spelled(deployed, 'read', { allow: 2 })],
    only: ['auth'],
    expected: { auth_bootstrap: { allowed: 20 } },
  },
  {
    name: 'a bucket that was asked for and is not there',
    series: [...spelled(deployed, 'read', { allow: 1 }), reloads(constant(2))],
    only: ['payments'],
    expected: { payments: { allowed: null, blocked: null, shadowBlocked: null, p95: null, evalErrors: null } },
    remarks: ['NO_DECISIONS'],
  },
  {
    name: 'two environments in one Prometheus',
    series: [
      ...spelled(deployed, 'read', { allow: 1, block: 1 }, { env: 'prod' }),
      ...spelled(deployed, 'read', { allow: 100, block: 100 }, { env: 'pre"view' }),
      reloads(rising(1), { env: 'prod' }),
      reloads(rising(50), { env: 'pre"view' }),
    ],
    labels: { env: 'prod' },
    matchers: ',env="prod"',
    expected: { read: { allowed: 20, blocked: 20 } },
    reloads: 20,
  },
  {
    name: 'the other environment, whose label needs escaping',
    series: [
      ...spelled(deployed, 'read', { allow: 1 }, { env: 'prod' }),
      ...spelled(deployed, 'read', { allow: 100 }, { env: 'pre"v\\iew' }),
    ],
    labels: { env: 'pre"v\\iew' },
    matchers: String.raw`,env="pre\"v\\iew"`,
    expected: { read: { allowed: 2000 } },
  },
  {
    name: 'a window between samples: extrapolated',
    series: [
      ...spelled(deployed, 'read', { allow: 10, block: 3 }),
      ...histogram('retry_after_seconds', read, { '1': 1, '5': 2, '10': 3, '+Inf': 4 }),
    ],
    shiftSeconds: -7,
    expected: { read: {} },
  },
  {
    name: 'a window of one minute',
    series: spelled(deployed, 'read', { allow: 10 }),
    windowSeconds: 60,
    expected: { read: { allowed: 40 } },
  },
  {
    name: 'a window longer than there is data',
    series: [decisions('read', 'allow', 'False', rising(10, 5))],
    windowSeconds: 3600,
    expected: { read: {} },
    remarks: ['FIRST_SEEN'],
  },
  {
    name: 'counters beyond what an integer holds',
    series: [decisions('read', 'allow', 'False', rising(1024, 2 ** 53))],
    expected: { read: { allowed: 20 * 1024 } },
  },
];

/** The namespace of a case, by its place. */
export function namespaceOf({ namespace }: DecisionCase, index: number): string {
  return namespace ?? `case${index}`;
}

export function prefixOf(one: DecisionCase, index: number): string {
  return one.prefix ?? namespaceOf(one, index);
}

/** Every case as one OpenMetrics text. */
export function openMetrics(): string {
  const lines = decisionCases.flatMap((one, index) =>
    one.series.flatMap(({ metric, labels, samples }) => {
      const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
      return samples.map(([ago, value]) => {
        const text = Number.isNaN(value) ? 'NaN' : String(value);
        return `${prefixOf(one, index)}_rl_${metric}{${pairs.join(',')}} ${text} ${endSeconds - ago}`;
      });
    }),
  );
  return `${lines.join('\n')}\n# EOF\n`;
}

function escaped(value: string): string {
  return value.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
}
