/** The names of the limiter's metrics in one namespace. */
export interface MetricNames {
  /** Counter: bucket, action, shadow. */
  readonly decisions: string;
  /** Histogram, seconds: bucket, shadow. */
  readonly retryAfter: string;
  /** Histogram, seconds: bucket. */
  readonly evalDuration: string;
  /** Counter: bucket. */
  readonly evalErrors: string;
  readonly configReloads: string;
  /** Gauge: one value for each process. */
  readonly activeOverrides: string;
}

/**
 * The metric names of a namespace. A metric's name has letters, digits and underscores only: whatever else the namespace
 * holds becomes an underscore, as the servers do it, so that nothing of it can be read as a query.
 */
export function metricNames(namespace: string): MetricNames {
  const prefix = `${namespace.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')}_rl`;
  return {
    decisions: `${prefix}_decisions_total`,
    retryAfter: `${prefix}_retry_after_seconds`,
    evalDuration: `${prefix}_eval_duration_seconds`,
    evalErrors: `${prefix}_eval_errors_total`,
    configReloads: `${prefix}_config_reload_total`,
    activeOverrides: `${prefix}_active_overrides`,
  };
}
