import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/**
 * A short deadline of its own, which neither the command's nor an interrupt cuts: a run lasts longer than one command, and
 * what became of it is written down even where somebody stops it.
 */
export function ownDeadline(clock: Clock, ms: number): Deadline {
  const end = clock.monotonicMs() + ms;
  const leftMs = (): number => Math.max(0, end - clock.monotonicMs());
  return {
    leftMs,
    signal: (atMostMs = ms) => AbortSignal.timeout(Math.ceil(Math.min(leftMs(), atMostMs))),
    interrupted: new AbortController().signal,
  };
}

/** How long it may take to put on record what was done, milliseconds. */
const recordMs = 1000;

/**
 * The command's own deadline where it leaves the time to put on record what was done or was not; else a short one of its own,
 * as after an interrupt: what nobody hears of nobody takes back.
 */
export function recordDeadline(deadline: Deadline, clock: Clock): Deadline {
  return deadline.interrupted.aborted || deadline.leftMs() < recordMs ? ownDeadline(clock, recordMs) : deadline;
}
