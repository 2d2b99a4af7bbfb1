/** One value at one time. */
export interface MetricSample {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly value: number;
}

/** What one process, or one target of Prometheus, shows of its configuration. */
export interface InstanceConfiguration {
  /** `10.0.0.7:8080`, `process 2`: outside text where a label named it. */
  readonly name: string;
  /** The gauge of active overrides, oldest first; several at one time where processes take turns. Empty: no such series. */
  readonly activeOverrides: readonly MetricSample[];
  /** The counter of reloads, oldest first; empty: no such series. */
  readonly reloads: readonly MetricSample[];
}

/** What a source of metrics shows of the limiter's configuration at this moment. */
export interface ConfigurationReadings {
  /** The source's own time at the reading, epoch milliseconds. */
  readonly nowMs: number;
  readonly instances: readonly InstanceConfiguration[];
  /** The spellings of the decision labels that occur; empty: no decision was counted. */
  readonly spellings: readonly { readonly action: string; readonly shadow: string }[];
}

/** When a reload was under way, epoch milliseconds: what was measured in between may show it already, or not yet. */
export interface ReloadSpan {
  /** From here on it may have been carried out. */
  readonly sentMs: number;
  /** From here on it has been. */
  readonly doneMs: number;
}

/** What the metrics showed to a proof. */
export interface MetricObservations {
  /** `Prometheus at https://…`, `scrape of https://…`. */
  readonly source: string;
  /** True: every sample is of the moment of asking. */
  readonly isScraped: boolean;
  readonly instances: readonly InstanceConfiguration[];
  readonly spellings: ConfigurationReadings['spellings'];
  /** Samples before this time, epoch milliseconds, are from before what is to be proven; `null`: none is. */
  readonly sinceMs: number | null;
  /** The reload of this proof; `null`: none was sent. */
  readonly reload: ReloadSpan | null;
  /** Why there is nothing to see; `null`: there is. */
  readonly failure: string | null;
  /** True where the limiter's series are there, but in no other than another namespace. */
  readonly isOtherNamespace: boolean;
}
