/** What one process counts about itself. */
export interface InstanceFigures {
  /** Reloads since it started; `null`: it does not count them. */
  readonly reloads: number | null;
  /** Overrides that it holds; `null`: it does not say. */
  readonly activeOverrides: number | null;
}

/** The limiter's own counters on the metrics page of one instance. */
export interface InstanceMetrics {
  /** `null`: there is no such page, or it has nothing of this namespace. Throws `unreachable` where nobody answered. */
  read(path: string, namespace: string, signal: AbortSignal): Promise<InstanceFigures | null>;
}
