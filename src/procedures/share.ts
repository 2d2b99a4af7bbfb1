import type { Clock } from '../ports/clock.js';
import type { Deadline } from '../ports/deadline.js';

/** What one of several questions may take of what is left, so that a silent one leaves time to tell the others. */
const share = 0.6;

/** What a question may take of what is left where the work goes on without its answer. */
export const smallShare = 0.3;

/** The part of a deadline that questions asked at once may take. `part`: how much of what is left now, 0 to 1. */
export function shareOf(deadline: Deadline, clock: Pick<Clock, 'monotonicMs'>, part = share): Deadline {
  const end = clock.monotonicMs() + deadline.leftMs() * part;
  const leftMs = (): number => Math.max(0, Math.min(deadline.leftMs(), end - clock.monotonicMs()));
  return {
    leftMs,
    signal: (atMostMs = Infinity) => deadline.signal(Math.min(atMostMs, leftMs())),
    interrupted: deadline.interrupted,
  };
}
