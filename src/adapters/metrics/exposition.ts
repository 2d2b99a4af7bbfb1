import { metricNames, type MetricNames } from '../../domain/decisions/metric-names.js';
import type { Scrape, ScrapedSeries } from '../../domain/decisions/scrape.js';
import { parseTextFormat } from './exposition-library.js';
import { numberOf } from './numbers.js';

/** What one page of metrics holds for one namespace. */
export interface Exposition extends Pick<Scrape, 'startSeconds' | 'series'> {
  /** Decision counters and override gauges of any namespace, by name: for who looks for the wrong one. */
  readonly decisionMetrics: readonly string[];
}

const processStart = 'process_start_time_seconds';

/**
 * Reads a page in the text format 0.0.4. Only lines of the namespace's own metrics are looked at, so that nothing else on
 * the page can do harm. Throws a SyntaxError that quotes nothing where one of those is malformed.
 */
export function readExposition(page: string, namespace: string): Exposition {
  const names = metricNames(namespace);
  const wanted = new Map(wantedNames(names));
  const lines = page.split('\n').map((line) => line.trim());
  const own = lines.filter((line) => wanted.has(nameOf(line)) || nameOf(line) === processStart);
  // Without the types every line is a sample by itself. With them the library folds the histograms of all label values
  // into one. It also wants a last line feed.
  const families = parseTextFormat(`${own.join('\n')}\n`);
  const series = new Map<string, ScrapedSeries>();
  let startSeconds: number | null = null;
  for (const { name, metrics } of families) {
    for (const { value: text = '', labels = {} } of metrics) {
      const value = numberOf(text);
      if (text !== 'NaN' && Number.isNaN(value)) throw new SyntaxError('a value is no number');
      if (name === processStart) startSeconds = Number.isFinite(value) ? value : null;
      const metric = wanted.get(name);
      if (metric !== undefined) series.set(keyOf(name, labels), seriesOf(metric, labels, value));
    }
  }
  const decisionMetrics = lines.map(nameOf).filter((name) => /_rl_(?:decisions_total|active_overrides)$/.test(name));
  return { startSeconds, series, decisionMetrics: [...new Set(decisionMetrics)].sort() };
}

function wantedNames(names: MetricNames): readonly (readonly [string, keyof MetricNames])[] {
  return [
    [names.decisions, 'decisions'],
    [`${names.retryAfter}_bucket`, 'retryAfter'],
    [`${names.evalDuration}_bucket`, 'evalDuration'],
    [names.evalErrors, 'evalErrors'],
    [names.configReloads, 'configReloads'],
    [names.activeOverrides, 'activeOverrides'],
  ];
}

function nameOf(line: string): string {
  return /^[A-Za-z_:][\w:]*/.exec(line)?.[0] ?? '';
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([name, pairs]);
}

function seriesOf(metric: keyof MetricNames, labels: Readonly<Record<string, string>>, value: number): ScrapedSeries {
  const { bucket = '', action = '', shadow = '', le } = labels;
  const edge = le === undefined ? Number.NaN : numberOf(le);
  return { metric, bucket, action, shadow, edge: Number.isNaN(edge) ? null : edge, value };
}
