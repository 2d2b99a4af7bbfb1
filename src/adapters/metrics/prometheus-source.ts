import { countReturns } from '../../domain/decisions/alternation.js';
import { metricNames } from '../../domain/decisions/metric-names.js';
import type {
  BucketNumber,
  EdgeCount,
  LabelledNumber,
  ProcessSigns,
  ReadingsPoint,
  WindowReadings,
} from '../../domain/decisions/readings.js';
import { formatDuration } from '../../domain/duration.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { ConfigurationReadings } from '../../domain/proof/metric-observations.js';
import type { Deadline } from '../../ports/deadline.js';
import type { DecisionsQuestion, MetricsSource } from '../../ports/metrics-source.js';
import { createEndpoint, type EndpointOptions } from './endpoint.js';
import { numberOf } from './numbers.js';
import type { AnsweredSeries, QueryAnswer } from './prometheus-wire.js';
import {
  configurationQueries,
  decisionsQueries,
  lastReloadQueries,
  quoteLabel,
  type ConfigurationQueries,
  type DecisionsQueries,
} from './promql.js';
import { noSeriesError, refusalOf } from './refusal.js';

export interface PrometheusOptions extends Omit<EndpointOptions, 'setting'> {
  /** Labels that every series must carry; empty: any. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Asks one query of the API; every question of one reading is about the same moment. */
type Ask = (query: string, at?: Readonly<Record<string, string>>) => Promise<QueryAnswer>;

/** The limiter's metrics from a Prometheus, or from anything that has its query API. */
export function createPrometheusSource(options: PrometheusOptions): MetricsSource {
  const endpoint = createEndpoint({ ...options, setting: 'prometheus' });
  const place = `Prometheus at ${endpoint.url.origin}${endpoint.url.pathname.replace(/\/+$/, '')}`;
  const call = async (
    path: string,
    form: Readonly<Record<string, string>>,
    deadline: Deadline,
  ): Promise<QueryAnswer> => {
    const [answer, { readQueryAnswer }] = await Promise.all([
      endpoint.ask(`/api/v1/${path}`, new URLSearchParams(form), deadline.signal()),
      import('./prometheus-wire.js'),
    ]);
    const refusal = refusalOf(answer, endpoint.url, 'prometheus', (type) => /^application\/json\b/i.test(type));
    if (refusal !== null) throw refusal;
    return readQueryAnswer(answer.body, place);
  };
  return {
    name: place,
    isScraped: false,
    read: async (question, deadline) => {
      // Its own clock: a window that ends in its future would be read as a gap.
      const endMs = question.endMs ?? (await call('query', { query: 'time()' }, deadline)).series[0]?.samples[0]?.atMs;
      if (endMs === undefined)
        throw new RlctlError('refused', `${place} does not tell the time`, { code: 'PROMETHEUS_NOT_ITS_OWN' });
      const ask: Ask = (query, range) =>
        call(range ? 'query_range' : 'query', { query, ...(range ?? timeOf(endMs)) }, deadline);
      return readWindow(ask, question, { endMs, labels: options.labels, place });
    },
    lastReload: async ({ namespace, endMs }, deadline) => {
      const queries = lastReloadQueries(namespace, options.labels);
      const { series } = await call('query', { query: queries.seen, ...timeOf(endMs) }, deadline);
      const seen = valueOf(series[0]);
      if (seen === null) return null;
      return lastRiseMs((await call('query', { query: queries.samples, ...timeOf(seen * 1000) }, deadline)).series);
    },
    configuration: async ({ namespace, endMs }, deadline) => {
      const ask = (query: string): Promise<QueryAnswer> => call('query', { query, ...timeOf(endMs) }, deadline);
      return readConfiguration(ask, configurationQueries(namespace, options.labels), place, namespace);
    },
    close: () => endpoint.close(),
  };
}

async function readConfiguration(
  ask: (query: string) => Promise<QueryAnswer>,
  queries: ConfigurationQueries,
  place: string,
  namespace: string,
): Promise<ConfigurationReadings> {
  const asked = ['time()', queries.alive, queries.activeOverrides, queries.reloads, queries.spellings];
  const [time, alive, active, reloads, spellings] = await Promise.all(asked.map(ask));
  // Labels that are alive: a target that went away keeps its samples for minutes.
  const living = (alive?.series ?? []).map(({ labels }) => identityOf(labels));
  if (living.length === 0) {
    const { activeOverrides } = metricNames(namespace);
    const others = await ask('count by (__name__) ({__name__=~".+_rl_active_overrides"})');
    const found = others.series.map(({ labels }) => quoteOutside(labels.get('__name__') ?? '', 80)).sort();
    throw noSeriesError(`${place} has no series of ${activeOverrides}`, { namespace, labels: '', found, buckets: [] });
  }
  const samplesOf = (answer: QueryAnswer | undefined, identity: string) =>
    (answer?.series ?? []).find(({ labels }) => identityOf(labels) === identity)?.samples ?? [];
  return {
    nowMs: time?.series[0]?.samples[0]?.atMs ?? 0,
    instances: living.map((identity) => ({
      name: nameOf(alive?.series.find(({ labels }) => identityOf(labels) === identity)?.labels ?? new Map()),
      activeOverrides: samplesOf(active, identity),
      reloads: samplesOf(reloads, identity),
    })),
    spellings: (spellings?.series ?? []).map(({ labels }) => ({
      action: labels.get('action') ?? '',
      shadow: labels.get('shadow') ?? '',
    })),
  };
}

/** The labels of a target without the metric's own name: the same for every metric of one process. */
function identityOf(labels: ReadonlyMap<string, string>): string {
  const own = [...labels].filter(([name]) => name !== '__name__');
  return JSON.stringify(own.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** What a target is called, with the process where one is named. */
function nameOf(labels: ReadonlyMap<string, string>): string {
  const name = labels.get('pod') ?? labels.get('instance') ?? 'the one target';
  const pid = labels.get('pid');
  return quoteOutside(pid === undefined ? name : `${name} (pid ${pid})`, 80);
}

/** The moment a query is about, epoch milliseconds; `null`: now. */
function timeOf(atMs: number | null): Readonly<Record<string, string>> {
  return atMs === null ? {} : { time: String(atMs / 1000) };
}

interface Around {
  readonly endMs: number;
  readonly labels: ReadonlyMap<string, string>;
  readonly place: string;
}

async function readWindow(ask: Ask, question: DecisionsQuestion, around: Around): Promise<WindowReadings> {
  const queries = decisionsQueries(question, around.labels);
  const names = ['decisions', 'firstSeen', 'resets', 'retryAfter', 'evalDuration', 'evalErrors', 'reloads'] as const;
  const more = ['activeOverrides', 'newest', 'samples', 'first'] as const;
  const asked = [...names, ...more];
  const answers = await Promise.all(asked.map((name) => ask(queries[name])));
  const answer = (name: (typeof asked)[number]): readonly AnsweredSeries[] =>
    answers[asked.indexOf(name)]?.series ?? [];
  if (asked.every((name) => answer(name).length === 0)) throw await noSeries(ask, question, queries, around);
  const resets = valueOf(answer('resets')[0]) ?? 0;
  const samples = valueOf(answer('samples')[0]) ?? 0;
  const firstMs = (valueOf(answer('first')[0]) ?? 0) * 1000;
  const pointMs = rangeOf(question, around.endMs, { samples, firstMs });
  const [points, processes] = await Promise.all([
    samples < 2 ? [] : readPoints(ask, queries.rates(pointMs), question, around.endMs),
    readSigns(ask, queries, resets),
  ]);
  const newest = valueOf(answer('newest')[0]);
  return {
    endMs: around.endMs,
    windowMs: question.windowMs,
    stepMs: question.stepMs,
    decisions: answer('decisions').map(labelled),
    firstSeen: answer('firstSeen').map(labelled),
    retryAfter: answer('retryAfter').flatMap(edgeOf),
    evalDuration: answer('evalDuration').flatMap(edgeOf),
    evalErrors: answer('evalErrors').map(ofBucket),
    reloads: valueOf(answer('reloads')[0]),
    activeOverrides: answer('activeOverrides').flatMap((series) => valueOf(series) ?? []),
    points,
    pointMs,
    newestMs: newest === null ? null : newest * 1000,
    processes,
    warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))],
  };
}

/**
 * Over how long each point of the course is a rate, milliseconds. A rate needs two samples: it is taken over four scrape
 * intervals where the step is shorter than that, so that a scrape that comes late leaves no hole. What a Prometheus that
 * has begun within the window does not know of it is no long interval.
 */
function rangeOf(
  { windowMs, stepMs }: DecisionsQuestion,
  endMs: number,
  { samples, firstMs }: { readonly samples: number; readonly firstMs: number },
): number {
  const knownMs = endMs - Math.max(firstMs, endMs - windowMs);
  const intervalsMs = samples === 0 ? 0 : Math.ceil((4 * knownMs) / samples / 1000) * 1000;
  return Math.min(windowMs, Math.max(stepMs, intervalsMs));
}

/** The course. */
async function readPoints(
  ask: Ask,
  rates: string,
  { windowMs, stepMs }: DecisionsQuestion,
  endMs: number,
): Promise<readonly ReadingsPoint[]> {
  const count = Math.max(1, Math.floor(windowMs / stepMs));
  const times = Array.from({ length: count }, (_, index) => endMs - (count - 1 - index) * stepMs);
  const { series } = await ask(rates, {
    start: String((times[0] ?? endMs) / 1000),
    end: String(endMs / 1000),
    step: String(stepMs / 1000),
  });
  const points = new Map(times.map((atMs) => [atMs, [] as LabelledNumber[]]));
  for (const { labels, samples: values } of series) {
    for (const { atMs, value } of values) points.get(atMs)?.push({ ...decisionLabels(labels), value: finite(value) });
  }
  return [...points].map(([atMs, perSecond]) => ({ atMs, perSecond }));
}

/** Only where a counter fell are the samples themselves looked at: they may be many. */
async function readSigns(ask: Ask, queries: DecisionsQueries, resets: number): Promise<ProcessSigns> {
  if (resets < 2) return { resets, isAlternating: false, seen: null };
  const { series } = await ask(queries.raw);
  const returns = series.map(({ samples }) => countReturns(samples.map(({ value }) => value)));
  return { resets, isAlternating: returns.some((each) => each >= 2), seen: null };
}

/** Says what was looked for, and what there is instead. */
async function noSeries(
  ask: Ask,
  { namespace, buckets, windowMs }: DecisionsQuestion,
  { lastSeen, bucketNames }: DecisionsQueries,
  { place, labels }: Around,
): Promise<RlctlError> {
  const { decisions } = metricNames(namespace);
  const [others, last, siblings] = await Promise.all([
    ask('count by (__name__) ({__name__=~".+_rl_decisions_total"})'),
    ask(lastSeen),
    ask(bucketNames),
  ]);
  const labelsOf = ({ series }: QueryAnswer, name: string): readonly string[] =>
    series.map((each) => quoteOutside(each.labels.get(name) ?? '', 80)).sort();
  const lastMs = Math.max(...last.series.map((each) => (valueOf(each) ?? 0) * 1000));
  const seen = last.series.length === 0 ? '' : `; its last sample stood at ${new Date(lastMs).toISOString()}`;
  const among =
    buckets.length === 0 ? '' : ` with bucket ${buckets.map((each) => quoteOutside(each, 40)).join(' or ')}`;
  const matched = [...labels].map(([name, value]) => `, ${name}=${quoteLabel(value)}`).join('');
  const message = `${place} has no series of ${decisions}${among} in the last ${formatDuration(windowMs)}${seen}`;
  return noSeriesError(message, {
    namespace,
    labels: `bucket, action, shadow${matched}`,
    found: labelsOf(others, '__name__'),
    buckets: labelsOf(siblings, 'bucket'),
  });
}

/** The time of the last sample that stands above the one before it, or that began anew and counted already. */
function lastRiseMs(series: readonly AnsweredSeries[]): number | null {
  const rises = series.flatMap(({ samples }) =>
    samples.filter(({ value }, index) => {
      const before = samples[index - 1]?.value ?? value;
      return value > before || (value < before && value > 0);
    }),
  );
  return rises.length === 0 ? null : Math.max(...rises.map(({ atMs }) => atMs));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The one value of a series; `null`: there is none, or it is no number. */
function valueOf(series: AnsweredSeries | undefined): number | null {
  return finite(series?.samples[0]?.value ?? Number.NaN);
}

function decisionLabels(labels: ReadonlyMap<string, string>): Omit<LabelledNumber, 'value'> {
  const label = (name: string): string => labels.get(name) ?? '';
  return { bucket: label('bucket'), action: label('action'), shadow: label('shadow') };
}

function labelled(series: AnsweredSeries): LabelledNumber {
  return { ...decisionLabels(series.labels), value: valueOf(series) };
}

function ofBucket(series: AnsweredSeries): BucketNumber {
  return { bucket: series.labels.get('bucket') ?? '', value: valueOf(series) };
}

function edgeOf(series: AnsweredSeries): readonly EdgeCount[] {
  const edge = numberOf(series.labels.get('le') ?? '');
  return Number.isNaN(edge) ? [] : [{ bucket: series.labels.get('bucket') ?? '', edge, count: valueOf(series) }];
}
