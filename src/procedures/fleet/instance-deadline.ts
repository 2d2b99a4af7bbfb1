import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/** The part of a deadline that one instance may take, from now on: one that hangs must not eat the time of the others. */
export function instanceDeadline(deadline: Deadline, clock: Pick<Clock, 'monotonicMs'>, atMostMs: number): Deadline {
  const end = clock.monotonicMs() + atMostMs;
  const leftMs = (): number => Math.max(0, Math.min(deadline.leftMs(), end - clock.monotonicMs()));
  return {
    leftMs,
    signal: (ms = Infinity) => deadline.signal(Math.min(ms, leftMs())),
    interrupted: deadline.interrupted,
  };
}
