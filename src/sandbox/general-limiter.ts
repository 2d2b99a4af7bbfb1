const windowMs = 60_000;

/** The general limiter that stands in front of a server: so many requests per address and minute, whatever they ask. */
export class GeneralLimiter {
  readonly #windows = new Map<string, { startedMs: number; count: number }>();

  constructor(private readonly perMinute: number) {}

  /** Seconds that this address has to wait; `null`: the request passes. */
  refusedFor(address: string, nowMs: number): number | null {
    const known = this.#windows.get(address);
    if (known === undefined || nowMs - known.startedMs >= windowMs) {
      this.#forget(nowMs);
      this.#windows.set(address, { startedMs: nowMs, count: 1 });
      return this.perMinute >= 1 ? null : waitOf(nowMs, nowMs);
    }
    known.count += 1;
    return known.count > this.perMinute ? waitOf(known.startedMs, nowMs) : null;
  }

  #forget(nowMs: number): void {
    for (const [address, { startedMs }] of this.#windows) {
      if (nowMs - startedMs >= windowMs) this.#windows.delete(address);
    }
  }
}

// One second is always gone by the time that anybody can act, so a full minute reads 59.
function waitOf(startedMs: number, nowMs: number): number {
  return Math.min(59, Math.max(1, Math.ceil((startedMs + windowMs - nowMs) / 1000)));
}
