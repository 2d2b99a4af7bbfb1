import { metricNames } from '../../domain/decisions/metric-names.js';
import { processesOf } from '../../domain/decisions/processes.js';
import { onlyBuckets } from '../../domain/decisions/readings.js';
import { configurationsOf } from '../../domain/decisions/configurations.js';
import type { Scrape } from '../../domain/decisions/scrape.js';
import { scrapedWindow } from '../../domain/decisions/scraped-window.js';
import { RlctlError } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { DecisionsQuestion, MetricsSource } from '../../ports/metrics-source.js';
import { createEndpoint, type EndpointOptions } from './endpoint.js';
import type { Exposition } from './exposition.js';
import { noSeriesError, refusalOf } from './refusal.js';

export interface ScrapeOptions extends Omit<EndpointOptions, 'setting'> {
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  /** The time between the two scrapes of the first reading, milliseconds. */
  readonly waitMs: number;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
}

/** Enough for about an hour at a scrape a second. */
const mostScrapes = 4000;

/** The limiter's metrics from the page that one process at a time shows: what happens between scrapes. */
export function createScrapeSource(options: ScrapeOptions): MetricsSource {
  const endpoint = createEndpoint({ ...options, setting: 'metrics' });
  const place = `scrape of ${endpoint.url.origin}${endpoint.url.pathname}`;
  const kept: Scrape[] = [];
  /** The rounds of scrapes that were made for the configuration. */
  const shown: (readonly Scrape[])[] = [];

  const scrape = async (
    question: Pick<DecisionsQuestion, 'namespace'>,
    deadline: Deadline,
    isBurst: boolean,
  ): Promise<Scrape> => {
    const [answer, { readExposition }] = await Promise.all([
      endpoint.get(deadline.signal(), isBurst),
      import('./exposition.js'),
    ]);
    const refusal = refusalOf(answer, endpoint.url, 'metrics', (type) => /^text\/plain\b/i.test(type));
    if (refusal !== null) throw refusal;
    if (answer.status !== 200) throw notText(place, `answered ${answer.status}`);
    const page = read(() => readExposition(answer.body, question.namespace), place);
    if (page.series.size === 0) {
      const { decisions } = metricNames(question.namespace);
      throw noSeriesError(`${place} has no series of ${decisions}`, {
        namespace: question.namespace,
        labels: 'bucket, action, shadow',
        found: page.decisionMetrics,
        buckets: [],
      });
    }
    const { startSeconds, series } = page;
    return { atMs: options.clock.nowMs(), startSeconds, isBurst, series };
  };
  // One connection for what is compared: behind many balancers it stays with one process. A burst on connections of
  // their own shows whether there are others, and once there are, every round has to reach them all.
  const round = async (question: DecisionsQuestion, deadline: Deadline): Promise<void> => {
    kept.push(await scrape(question, deadline, false));
    const isFirst = kept.length === 1;
    const isNeeded = isFirst ? options.workers !== 1 : processesOf(kept).isAlternating;
    for (let left = isNeeded ? burstSize(options.workers) : 0; left > 0; left -= 1) {
      kept.push(await scrape(question, deadline, true));
    }
  };
  return {
    name: place,
    isScraped: true,
    read: async (question, deadline) => {
      if (kept.length === 0) {
        await round(question, deadline);
        await options.clock.sleep(options.waitMs, deadline.interrupted);
      }
      await round(question, deadline);
      forget(kept, options.clock.nowMs() - question.windowMs);
      return onlyBuckets(scrapedWindow(kept, question.stepMs), question.buckets);
    },
    lastReload: async () => null,
    configuration: async ({ namespace }, deadline) => {
      const question = { namespace };
      const pages = options.workers === 1 ? 1 : burstSize(options.workers);
      shown.push(await Promise.all(Array.from({ length: pages }, () => scrape(question, deadline, true))));
      const series = (shown.at(-1) ?? []).flatMap((page) => [...page.series.values()]);
      const decisions = series.filter(({ metric }) => metric === 'decisions');
      return {
        nowMs: options.clock.nowMs(),
        instances: configurationsOf(shown),
        spellings: decisions.map(({ action, shadow }) => ({ action, shadow })),
      };
    },
    close: () => endpoint.close(),
  };
}

/** As many as meet each of the known workers, where they answer in turn, and some more; a few where they are not known. */
function burstSize(workers: number | null): number {
  return workers === null ? 6 : Math.min(32, 2 * workers);
}

/** Drops what lies before the window, but never the two last paced scrapes: without them there is nothing to compare. */
function forget(kept: Scrape[], fromMs: number): void {
  const paced = kept.filter(({ isBurst }) => !isBurst);
  const keptFromMs = Math.min(fromMs, paced.at(-2)?.atMs ?? fromMs);
  const count = kept.filter(({ atMs }) => atMs < keptFromMs).length;
  kept.splice(0, Math.max(count, kept.length - mostScrapes));
}

function read(parse: () => Exposition, place: string): Exposition {
  try {
    return parse();
  } catch {
    throw notText(place, 'answered what is not the text format of Prometheus');
  }
}

function notText(place: string, why: string): RlctlError {
  return new RlctlError('refused', `${place} ${why}`, {
    code: 'METRICS_NOT_ITS_OWN',
    hint: 'Look at it: curl -H "Accept: text/plain;version=0.0.4" URL; a page of JSON often has its text form elsewhere.',
  });
}
