import { RlctlError } from '../../domain/errors.js';
import type {
  ConfigurationReadings,
  MetricObservations,
  MetricSample,
  ReloadSpan,
} from '../../domain/proof/metric-observations.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { MetricsSource } from '../../ports/metrics-source.js';

/** Which samples count for a proof. */
export type MetricQuestion = Pick<MetricObservations, 'sinceMs' | 'reload'>;

/** The limiter's metrics as a proof reads them. */
export interface ProofMetrics {
  /**
   * Reads what stands before a reload: only against that can a counter be seen to move. Resolves when that is done, and
   * never rejects for what a source does; whoever cannot wait need not.
   */
  open(): Promise<void>;
  /** What they show now. Never throws for what a source or a network does: the cause is then among what was seen. */
  read(question: MetricQuestion): Promise<MetricObservations>;
}

export interface ProofMetricsParts {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly deadline: Deadline;
  readonly namespace: string;
  /** Where they are read, for people, before the source is open: `prometheus`. */
  readonly setting: string;
  /** True: it shows only the moment, so that what stands before a reload has to be read before it. */
  readonly isScraped: boolean;
  /** The longest one reading may take, milliseconds. */
  readonly patienceMs: number;
  readonly open: () => Promise<MetricsSource>;
}

// Prometheus gives its samples the time at which it began to scrape them; the page was made up to so much later.
const scrapeMs = 1000;

/** Reads a source for proofs; the source is opened at the first use, so that its failure is an observation as well. */
export function createProofMetrics(parts: ProofMetricsParts): ProofMetrics {
  const { clock, deadline, namespace, setting, patienceMs } = parts;
  const once: { source: Promise<MetricsSource> | null; before: Promise<void> } = {
    source: null,
    before: Promise.resolve(),
  };
  const sourceOf = (): Promise<MetricsSource> => (once.source ??= parts.open());
  const limited = limit(deadline, patienceMs);
  const readings = async (): Promise<ConfigurationReadings> =>
    (await sourceOf()).configuration({ namespace, endMs: null }, limited);
  const before = async (): Promise<void> => {
    try {
      await readings();
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
    }
  };
  return {
    open: async () => {
      if (parts.isScraped) once.before = before();
      await once.before;
    },
    read: async (question) => {
      try {
        await once.before;
        const source = await sourceOf();
        const askedMs = clock.nowMs();
        const { nowMs, instances, spellings } = await readings();
        const tookMs = clock.nowMs() - askedMs;
        // The samples carry the source's clock, and a proof knows only its own. The source looked at its clock after it was
        // asked, however long the answer took: reckoned so, no sample seems younger than it is.
        const ahead = source.isScraped ? 0 : nowMs - askedMs;
        const own = (samples: readonly MetricSample[]) =>
          samples.map(({ atMs, value }) => ({ atMs: atMs - ahead, value }));
        const shown = instances.map(({ name, activeOverrides, reloads }) => ({
          name,
          activeOverrides: own(activeOverrides),
          reloads: own(reloads),
        }));
        const { name, isScraped } = source;
        const { reload } = question;
        const sinceMs = isScraped ? (reload?.doneMs ?? null) : question.sinceMs;
        return {
          reload: reload && !isScraped ? startingEarlier(reload, tookMs + scrapeMs) : reload,
          sinceMs,
          source: name,
          isScraped,
          instances: shown,
          spellings,
          failure: null,
          isOtherNamespace: false,
        };
      } catch (error) {
        if (!(error instanceof RlctlError)) throw error;
        return failed(error, setting, question);
      }
    },
  };
}

/** No sample that seems to be from before it shows it already: each may be up to so much younger than it seems. */
function startingEarlier({ sentMs, doneMs }: ReloadSpan, byMs: number): ReloadSpan {
  return { sentMs: sentMs - byMs, doneMs };
}

function failed({ message, code, details }: RlctlError, source: string, question: MetricQuestion): MetricObservations {
  const found = code === 'NO_SERIES' && Array.isArray(details?.['found']) ? details['found'].map(String) : [];
  const instead = found.length === 0 ? '' : `; it has ${found.slice(0, 3).join(', ')}`;
  const failure = `could not be read: ${quoteOutside(message + instead, 240)}`;
  const isOtherNamespace = found.length > 0;
  return { ...question, source, isScraped: false, instances: [], spellings: [], failure, isOtherNamespace };
}

/** The same deadline, each of its signals no longer than `mostMs`. */
function limit(deadline: Deadline, mostMs: number): Deadline {
  return {
    leftMs: () => Math.min(deadline.leftMs(), mostMs),
    signal: (atMostMs = Infinity) => deadline.signal(Math.min(atMostMs, mostMs)),
    interrupted: deadline.interrupted,
  };
}
