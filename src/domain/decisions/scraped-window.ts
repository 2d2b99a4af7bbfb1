import { processesOf } from './processes.js';
import type { LabelledNumber, ReadingsPoint, WindowReadings } from './readings.js';
import { hasFallen, levelOf, valueIn, type Scrape, type ScrapedSeries } from './scrape.js';

type Chain = readonly Scrape[];

/** A series with a number that belongs to it. */
interface Figure {
  readonly series: ScrapedSeries;
  readonly value: number;
}

/**
 * What scrapes of one address (in the order of time) tell about the time between the first and the last. Counters are
 * compared within one process only; a series that appears later began at 0. Fewer than two scrapes of a process: no data.
 */
export function scrapedWindow(scrapes: readonly Scrape[], stepMs: number): WindowReadings {
  const { chains, isAlternating } = processesOf(scrapes);
  const endMs = scrapes.at(-1)?.atMs ?? 0;
  const comparable = chains.filter((chain) => chain.length > 1);
  const figures = increases(comparable);
  const of = (metric: ScrapedSeries['metric']): readonly Figure[] =>
    figures.filter(({ series }) => series.metric === metric);
  const edges = (metric: ScrapedSeries['metric']) =>
    of(metric).flatMap(({ series: { bucket, edge }, value }) =>
      edge === null ? [] : [{ bucket, edge, count: value }],
    );
  const reloads = of('configReloads');
  return {
    endMs,
    windowMs: endMs - (scrapes[0]?.atMs ?? endMs),
    stepMs,
    decisions: of('decisions').map(labelled),
    firstSeen: [],
    retryAfter: mergeEdges(edges('retryAfter')),
    evalDuration: mergeEdges(edges('evalDuration')),
    evalErrors: of('evalErrors').map(({ series: { bucket }, value }) => ({ bucket, value })),
    reloads: reloads.length === 0 ? null : reloads.reduce((sum, { value }) => sum + value, 0),
    activeOverrides: chains.flatMap(gaugeOf),
    points: pointsOf(comparable, scrapes, stepMs),
    pointMs: stepMs,
    newestMs: scrapes.at(-1)?.atMs ?? null,
    processes: {
      resets: isAlternating ? 0 : comparable.reduce((sum, chain) => sum + resetsIn(chain), 0),
      isAlternating,
      seen: chains.length,
    },
    warnings: [],
  };
}

function labelled({ series: { bucket, action, shadow }, value }: Figure): LabelledNumber {
  return { bucket, action, shadow, value: Number.isFinite(value) ? value : null };
}

function gaugeOf(chain: Chain): readonly number[] {
  const series = [...(chain.at(-1)?.series.values() ?? [])];
  return series.flatMap(({ metric, value }) => (metric === 'activeOverrides' ? [value] : []));
}

/**
 * True where a process began anew between two scrapes. Then every counter did, also those that have come further by now:
 * the sum of all tells it, where no start time does.
 */
function hasRestarted(before: Scrape, now: Scrape): boolean {
  if (before.startSeconds !== null && now.startSeconds !== null) return before.startSeconds !== now.startSeconds;
  return levelOf(now) < levelOf(before);
}

/** The steps of series between two scrapes of a process; what began anew began at 0. */
function stepsOf(before: Scrape, now: Scrape): (key: string) => number {
  const isAnew = hasRestarted(before, now);
  return (key) => {
    const [from, to] = [valueIn(before, key), valueIn(now, key)];
    return isAnew || to < from ? to : to - from;
  };
}

function resetsIn(chain: Chain): number {
  return chain.filter((now, index) => {
    const before = chain[index - 1];
    if (before === undefined) return false;
    return hasRestarted(before, now) || hasFallen(before, now);
  }).length;
}

/** The increase of every series, or of those of one metric, over all processes. */
function increases(chains: readonly Chain[], metric?: ScrapedSeries['metric']): readonly Figure[] {
  const figures = new Map<string, { series: ScrapedSeries; value: number }>();
  for (const chain of chains) {
    for (const [index, now] of chain.entries()) {
      const before = chain[index - 1];
      const step = before === undefined ? () => 0 : stepsOf(before, now);
      for (const [key, series] of now.series) {
        if (metric !== undefined && series.metric !== metric) continue;
        const figure = figures.get(key) ?? { series, value: 0 };
        figure.value += step(key);
        figures.set(key, figure);
      }
    }
  }
  return [...figures.values()];
}

/** One count for each edge of each bucket: the histograms of enforced and of shadowed requests are one. */
function mergeEdges(edges: readonly { readonly bucket: string; readonly edge: number; readonly count: number }[]) {
  const merged = new Map<string, { bucket: string; edge: number; count: number }>();
  for (const { bucket, edge, count } of edges) {
    const key = `${edge} ${bucket}`;
    merged.set(key, { bucket, edge, count: (merged.get(key)?.count ?? 0) + count });
  }
  return [...merged.values()];
}

/** The course: one point for each step, at the time of a scrape, with the rates since the point before. */
function pointsOf(chains: readonly Chain[], scrapes: readonly Scrape[], stepMs: number): readonly ReadingsPoint[] {
  const points: ReadingsPoint[] = [];
  let fromMs = scrapes[0]?.atMs ?? 0;
  for (const { atMs } of scrapes.filter(({ isBurst }) => !isBurst)) {
    // A tick that comes a little early is still its step's.
    if (atMs <= fromMs || atMs - fromMs < stepMs * 0.9) continue;
    const within = chains.map((chain) => between(chain, fromMs, atMs)).filter((chain) => chain.length > 1);
    const seconds = (atMs - fromMs) / 1000;
    const perSecond = increases(within, 'decisions').map((figure) =>
      labelled({ ...figure, value: figure.value / seconds }),
    );
    points.push({ atMs, perSecond });
    fromMs = atMs;
  }
  return points;
}

/** The scrapes of a process within a span, with the one that it has to be compared with. */
function between(chain: Chain, fromMs: number, toMs: number): Chain {
  const first = Math.max(
    0,
    chain.findLastIndex(({ atMs }) => atMs <= fromMs),
  );
  return chain.slice(first).filter(({ atMs }) => atMs <= toMs);
}
