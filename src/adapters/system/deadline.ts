import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

export interface CommandDeadline extends Deadline {
  /** Gives the command `ms` more: for the time a prompt took, and for `--wait`. */
  extend(ms: number): void;
}

/** A deadline `totalMs` from now that also ends at the first interrupt. Its timers never keep the process alive. */
export function createDeadline(clock: Clock, totalMs: number, interrupted: AbortSignal): CommandDeadline {
  const start = clock.monotonicMs();
  const extra = { ms: 0 };
  const leftMs = (): number => Math.max(0, start + totalMs + extra.ms - clock.monotonicMs());
  return {
    leftMs,
    interrupted,
    signal: (atMostMs = Infinity) =>
      AbortSignal.any([interrupted, AbortSignal.timeout(Math.ceil(Math.min(leftMs(), atMostMs)))]),
    extend: (ms) => {
      extra.ms += ms;
    },
  };
}
