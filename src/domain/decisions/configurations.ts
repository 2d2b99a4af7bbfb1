import type { InstanceConfiguration, MetricSample } from '../proof/metric-observations.js';
import type { Scrape, ScrapedSeries } from './scrape.js';

/** What one page shows of a process's configuration. */
interface Page {
  readonly atMs: number;
  readonly startSeconds: number | null;
  /** One value for each process that has a gauge on the page. */
  readonly gauges: readonly number[];
  /** `null`: it has no such counter. */
  readonly reloads: number | null;
}

/**
 * What each process behind one address shows of its configuration. `rounds` are scrapes made at once, oldest first: pages
 * of one round that differ are of different processes. A counter's earlier value is told only where it is certain whose it
 * is: by the time the process started, or because no process stood higher.
 */
export function configurationsOf(rounds: readonly (readonly Scrape[])[]): readonly InstanceConfiguration[] {
  const [before, now] = [rounds.length > 1 ? (rounds[0] ?? []) : [], rounds.at(-1) ?? []];
  const earlier = distinctPages(before);
  const pages = distinctPages(now);
  return pages.flatMap((page, index) => {
    const name = pages.length === 1 ? 'the process seen' : `process ${index + 1} seen`;
    return instancesOf(page, name, reloadSamples(page, earlier));
  });
}

function distinctPages(scrapes: readonly Scrape[]): readonly Page[] {
  const pages = new Map<string, Page>();
  for (const { atMs, startSeconds, series } of scrapes) {
    const valuesOf = (wanted: ScrapedSeries['metric']): readonly number[] =>
      [...series.values()].flatMap(({ metric, value }) => (metric === wanted ? [value] : []));
    const counters = valuesOf('configReloads');
    const reloads = counters.length === 0 ? null : counters.reduce((sum, value) => sum + value, 0);
    const page = { startSeconds, gauges: valuesOf('activeOverrides'), reloads };
    const key = JSON.stringify(page);
    if (!pages.has(key)) pages.set(key, { atMs, ...page });
  }
  return [...pages.values()];
}

function reloadSamples({ atMs, startSeconds, reloads }: Page, earlier: readonly Page[]): readonly MetricSample[] {
  if (reloads === null) return [];
  const now = { atMs, value: reloads };
  const same = earlier.find((page) => startSeconds !== null && page.startSeconds === startSeconds) ?? highest(earlier);
  const isCertain =
    same !== undefined && (same.startSeconds !== null || reloads > (same.reloads ?? 0) || isOne(earlier));
  return isCertain && same.reloads !== null ? [{ atMs: same.atMs, value: same.reloads }, now] : [now];
}

function isOne(pages: readonly Page[]): boolean {
  return pages.length === 1;
}

function highest(pages: readonly Page[]): Page | undefined {
  return pages.toSorted((left, right) => (right.reloads ?? 0) - (left.reloads ?? 0))[0];
}

/** One process, or as many as have a gauge of their own on the page. */
function instancesOf(
  { atMs, gauges }: Page,
  name: string,
  reloads: readonly MetricSample[],
): readonly InstanceConfiguration[] {
  if (gauges.length === 0) return [{ name, activeOverrides: [], reloads }];
  return gauges.map((value, index) => ({
    name: gauges.length === 1 ? name : `${name}, gauge ${index + 1}`,
    activeOverrides: [{ atMs, value }],
    reloads,
  }));
}
