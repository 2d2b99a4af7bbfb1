/** Time as the program sees it; the only source of it outside the domain. */
export interface Clock {
  /** Wall-clock time, epoch milliseconds. */
  nowMs(): number;
  /** A time that never runs backwards, milliseconds from an arbitrary start: for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
