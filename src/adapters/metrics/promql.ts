import { seededBucket } from '../../domain/decisions/labels.js';
import { metricNames } from '../../domain/decisions/metric-names.js';
import type { DecisionsQuestion } from '../../ports/metrics-source.js';

/** A text as PromQL writes it, between double quotes. */
export function quoteLabel(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}

/** A regular expression that matches exactly these texts; PromQL anchors it at both ends. */
export function quoteAlternatives(texts: readonly string[]): string {
  return quoteLabel(texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|'));
}

/** A duration as PromQL writes it, in whole milliseconds or seconds. */
function promDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.ceil(ms)}ms`;
}

function select(name: string, matchers: readonly string[]): string {
  return `${name}{${matchers.join(',')}}`;
}

function ownMatchers(labels: ReadonlyMap<string, string>): readonly string[] {
  return [...labels].map(([name, value]) => `${name}=${quoteLabel(value)}`);
}

/** Every question about one window, by the figure it answers. */
export interface DecisionsQueries {
  readonly decisions: string;
  readonly firstSeen: string;
  readonly resets: string;
  readonly retryAfter: string;
  readonly evalDuration: string;
  readonly evalErrors: string;
  readonly reloads: string;
  readonly activeOverrides: string;
  readonly newest: string;
  /** The time of the last sample within a day, to a minute. */
  readonly lastSeen: string;
  /** The buckets there are at all, in the last hour. */
  readonly bucketNames: string;
  /** The most samples that any series has in the window: what the scrape interval is told by. */
  readonly samples: string;
  /** When the first of them was taken, epoch seconds, as near as a sixtieth of the window tells. */
  readonly first: string;
  /** The samples themselves, of a window as short as tells a restart from workers in turn. */
  readonly raw: string;
  /** Decisions a second, over `range` before each point. */
  rates(rangeMs: number): string;
}

/** The queries by which the last reload is found. */
export interface LastReloadQueries {
  /** The latest time, epoch seconds, at which a reload lay no longer back than `samples` reach: now, else some full minute. */
  readonly seen: string;
  /** The samples among which it is then found. */
  readonly samples: string;
}

/** Five minutes have at least two samples at any usual scrape interval. */
export function lastReloadQueries(namespace: string, labels: ReadonlyMap<string, string>): LastReloadQueries {
  const samples = `${select(metricNames(namespace).configReloads, ownMatchers(labels))}[5m]`;
  const seen = `timestamp(increase(${samples}) > 0)`;
  return { seen: `max(${seen}) or max(max_over_time(${seen}[1d:1m]))`, samples };
}

/** What of the configuration a Prometheus shows: who is alive, the samples of some minutes, and how labels are spelled. */
export interface ConfigurationQueries {
  readonly alive: string;
  readonly activeOverrides: string;
  readonly reloads: string;
  readonly spellings: string;
}

export function configurationQueries(namespace: string, labels: ReadonlyMap<string, string>): ConfigurationQueries {
  const names = metricNames(namespace);
  const whole = (name: string): string => select(name, ownMatchers(labels));
  return {
    alive: whole(names.activeOverrides),
    activeOverrides: `${whole(names.activeOverrides)}[5m]`,
    reloads: `${whole(names.configReloads)}[5m]`,
    spellings: `count by (action, shadow) (${whole(names.decisions)})`,
  };
}

const rawWindowMs = 15 * 60_000;

/** The queries of one question; `labels` narrow every one of them to this environment. */
export function decisionsQueries(question: DecisionsQuestion, labels: ReadonlyMap<string, string>): DecisionsQueries {
  const names = metricNames(question.namespace);
  const own = ownMatchers(labels);
  const bucket = [
    `bucket!="${seededBucket}"`,
    ...(question.buckets.length === 0 ? [] : [`bucket=~${quoteAlternatives(question.buckets)}`]),
  ];
  const perBucket = (name: string): string => select(name, [...bucket, ...own]);
  const whole = (name: string): string => select(name, own);
  const window = promDuration(question.windowMs);
  const decisions = perBucket(names.decisions);
  const byLabels = 'sum by (bucket, action, shadow)';
  const edges = (name: string): string => `sum by (bucket, le) (increase(${perBucket(`${name}_bucket`)}[${window}]))`;
  return {
    decisions: `${byLabels} (increase(${decisions}[${window}]))`,
    firstSeen: `${byLabels} (min_over_time(${decisions}[${window}]) unless last_over_time(${decisions}[1h] offset ${window}))`,
    resets: `max(resets(${decisions}[${window}]))`,
    retryAfter: edges(names.retryAfter),
    evalDuration: edges(names.evalDuration),
    evalErrors: `sum by (bucket) (increase(${perBucket(names.evalErrors)}[${window}]))`,
    reloads: `sum(increase(${whole(names.configReloads)}[${window}]))`,
    activeOverrides: whole(names.activeOverrides),
    newest: `max(timestamp(${decisions}))`,
    lastSeen: `max(max_over_time(timestamp(${decisions})[1d:1m]))`,
    bucketNames: `count by (bucket) (last_over_time(${select(names.decisions, own)}[1h]))`,
    samples: `max(count_over_time(${decisions}[${window}]))`,
    first: `min(min_over_time(timestamp(${decisions})[${window}:${promDuration(Math.ceil(question.windowMs / 60_000) * 1000)}]))`,
    raw: `${decisions}[${promDuration(Math.min(question.windowMs, rawWindowMs))}]`,
    rates: (rangeMs) => `${byLabels} (rate(${decisions}[${promDuration(rangeMs)}]))`,
  };
}
