import type { MetricNames } from './metric-names.js';

/** One series of one scrape that the limiter's figures need. */
export interface ScrapedSeries {
  readonly metric: keyof MetricNames;
  readonly bucket: string;
  /** Empty where the metric has no such label. */
  readonly action: string;
  readonly shadow: string;
  /** The upper bound of a histogram's bucket, seconds; `null`: it is no histogram. */
  readonly edge: number | null;
  readonly value: number;
}

/** What one process answered at one moment. */
export interface Scrape {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** When its process started, epoch seconds; `null`: it does not say. */
  readonly startSeconds: number | null;
  /** True for one of several scrapes made at once, to see who answers. */
  readonly isBurst: boolean;
  /** By a key that is the same for the same series in every scrape. */
  readonly series: ReadonlyMap<string, ScrapedSeries>;
}

/** The value of a series; 0 where it does not exist yet, because a process shows everything it has ever counted. */
export function valueIn(scrape: Scrape, key: string): number {
  return scrape.series.get(key)?.value ?? 0;
}

/** Everything a process has counted so far, as one number that only rises while it lives. */
export function levelOf({ series }: Scrape): number {
  let level = 0;
  for (const { metric, value } of series.values()) {
    if (metric !== 'activeOverrides' && Number.isFinite(value)) level += value;
  }
  return level;
}

/** True where `later` may be the same process as `earlier`, further on: the same start, and no counter has fallen. */
export function mayContinue(earlier: Scrape, later: Scrape): boolean {
  if (earlier.startSeconds !== null && later.startSeconds !== null && earlier.startSeconds !== later.startSeconds) {
    return false;
  }
  return !hasFallen(earlier, later);
}

/** True where a counter is lower in `later` than in `earlier`. */
export function hasFallen(earlier: Scrape, later: Scrape): boolean {
  for (const [key, { metric, value }] of earlier.series) {
    if (metric !== 'activeOverrides' && valueIn(later, key) < value) return true;
  }
  return false;
}
