import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/** A part of a deadline: at most `ms` from now, and never past the whole. */
export function shareOf(deadline: Deadline, clock: Pick<Clock, 'monotonicMs'>, ms: number): Deadline {
  const end = clock.monotonicMs() + ms;
  const leftMs = (): number => Math.max(0, Math.min(deadline.leftMs(), end - clock.monotonicMs()));
  return {
    leftMs,
    signal: (atMostMs = Infinity) => deadline.signal(Math.min(atMostMs, leftMs())),
    interrupted: deadline.interrupted,
  };
}
