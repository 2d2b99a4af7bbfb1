import type { WindowReadings } from '../domain/decisions/readings.js';
import type { ConfigurationReadings } from '../domain/proof/metric-observations.js';
import type { Deadline } from './deadline.js';

/** What is to be read. */
export interface DecisionsQuestion {
  /** The limiter's namespace, by which its metrics are named. */
  readonly namespace: string;
  /** Names of buckets as servers may spell them; empty: every bucket. */
  readonly buckets: readonly string[];
  /** The length of the window, milliseconds, at least 1 s. */
  readonly windowMs: number;
  /** The distance of the points of the course, milliseconds. */
  readonly stepMs: number;
  /** The window's end, epoch milliseconds; `null`: now, by the source's clock. A source without a memory knows only now. */
  readonly endMs: number | null;
}

/**
 * Where the limiter's metrics are read from: a Prometheus, or an address of /metrics that is scraped. Labels come as the
 * server spells them. Every refusal is an RlctlError: `unreachable` where no answer came or the other side is unwell,
 * `refused` where it answered something else, `refused`/NO_SERIES where it knows no series of the namespace at all.
 */
export interface MetricsSource {
  /** What it is, for people: `Prometheus at https://…`. */
  readonly name: string;
  /** True for an address of /metrics: figures are then those of the processes that happened to answer. */
  readonly isScraped: boolean;
  /** Reads one window. A source that has to scrape twice sleeps between, at its first reading only. */
  read(question: DecisionsQuestion, deadline: Deadline): Promise<WindowReadings>;
  /**
   * When a reload of the configuration was last counted, epoch milliseconds, within a day before the end. `null`: none was,
   * or the source remembers nothing.
   */
  lastReload(question: Pick<DecisionsQuestion, 'namespace' | 'endMs'>, deadline: Deadline): Promise<number | null>;
  /**
   * What each process or target shows of its configuration now. A source that is scraped keeps what it saw, so that a
   * second reading tells what moved; one that remembers gives some minutes. Sleeps never.
   */
  configuration(
    question: Pick<DecisionsQuestion, 'namespace' | 'endMs'>,
    deadline: Deadline,
  ): Promise<ConfigurationReadings>;
  /** Drops every connection at once. */
  close(): void;
}
