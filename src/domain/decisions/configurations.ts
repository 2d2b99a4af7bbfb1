import type { InstanceConfiguration, MetricSample } from '../proof/metric-observations.js';
import { processesOf } from './processes.js';
import type { Scrape, ScrapedSeries } from './scrape.js';

/**
 * What each process behind one address shows of its configuration, by scrapes in the order of time. Processes that only
 * their gauge tells apart, in scrapes made at once, are told apart by it.
 */
export function configurationsOf(scrapes: readonly Scrape[]): readonly InstanceConfiguration[] {
  const { chains, isAlternating } = processesOf(scrapes);
  if (isAlternating) return chains.flatMap((chain, index) => ofProcess(chain, `process ${index + 1} seen`));
  const last = scrapes.slice(scrapes.findLastIndex(({ isBurst }) => !isBurst));
  const gauges = new Set(last.map((scrape) => JSON.stringify(gaugesOf(scrape).map(({ value }) => value))));
  if (gauges.size <= 1) return ofProcess(chains[0] ?? [], 'the process seen');
  const different = last.filter((scrape, index) => last.findIndex((other) => isSameGauge(other, scrape)) === index);
  return different.flatMap((scrape, index) => ofProcess([scrape], `process ${index + 1} seen`));
}

function isSameGauge(left: Scrape, right: Scrape): boolean {
  return JSON.stringify(gaugesOf(left)) === JSON.stringify(gaugesOf(right));
}

/** One process, or as many as have a gauge of their own on its page. */
function ofProcess(chain: readonly Scrape[], name: string): readonly InstanceConfiguration[] {
  const keys = [...new Set(chain.flatMap((scrape) => gaugesOf(scrape).map(({ key }) => key)))];
  const reloads = samplesOf(chain, ({ metric }) => metric === 'configReloads');
  if (keys.length === 0) return [{ name, activeOverrides: [], reloads }];
  return keys.map((key, index) => ({
    name: keys.length === 1 ? name : `${name}, gauge ${index + 1}`,
    activeOverrides: samplesOf(chain, (_, each) => each === key),
    reloads,
  }));
}

function gaugesOf({ series }: Scrape): readonly { readonly key: string; readonly value: number }[] {
  return [...series].flatMap(([key, { metric, value }]) => (metric === 'activeOverrides' ? [{ key, value }] : []));
}

/** One sample for each scrape that has the series; several of them are summed. */
function samplesOf(
  chain: readonly Scrape[],
  isWanted: (series: ScrapedSeries, key: string) => boolean,
): readonly MetricSample[] {
  return chain.flatMap(({ atMs, series }) => {
    const found = [...series].filter(([key, each]) => isWanted(each, key));
    return found.length === 0 ? [] : [{ atMs, value: found.reduce((sum, [, { value }]) => sum + value, 0) }];
  });
}
