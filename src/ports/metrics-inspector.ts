import type { AlertRule } from '../domain/doctor/alerts.js';
import type { Deadline } from './deadline.js';

/** One target that Prometheus scrapes. */
export interface TargetFacts {
  readonly job: string;
  readonly url: string;
  readonly isUp: boolean;
  /** What went wrong with the last scrape; empty: nothing. */
  readonly lastError: string;
}

/** What there is of the limiter's metrics. */
export interface MetricsFacts {
  /** Names of this namespace's metrics that have series. */
  readonly names: ReadonlySet<string>;
  /** Decision counters of any namespace. */
  readonly decisionNames: readonly string[];
  /** The spellings of the labels that decisions carry. */
  readonly labels: readonly { readonly action: string; readonly shadow: string }[];
  /** Age of the newest sample of the namespace; `null`: there is none, or the page is fresh by nature. */
  readonly ageMs: number | null;
  /** `null`: the source knows no targets. */
  readonly targets: readonly TargetFacts[] | null;
  /** Alerts about any metric that is named like the limiter's; `null`: the source knows none. */
  readonly alerts: readonly AlertRule[] | null;
  /** Of the metrics that alerts ask for, those that have series. */
  readonly alertedNames: ReadonlySet<string>;
}

/** Looks at where the limiter's metrics are kept. Changes nothing. */
export interface MetricsInspector {
  /** For people: `Prometheus at https://…`. */
  readonly name: string;
  /** Throws an RlctlError where it cannot be reached or answers something else. */
  inspect(namespace: string, deadline: Deadline): Promise<MetricsFacts>;
  /** Drops every connection at once. */
  close(): void;
}
