import type { Deadline } from './deadline.js';

/** Somewhere that answers PromQL. */
export interface PromqlSource {
  /** For people: `Prometheus at https://…`. */
  readonly name: string;
  /**
   * The number of each series that a query answers now; empty: no data. Throws as a metrics source does, and
   * `refused`/PROMETHEUS_QUERY where the query is refused.
   */
  numbers(query: string, deadline: Deadline): Promise<readonly number[]>;
  /** Drops every connection at once. */
  close(): void;
}
