import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/** The part of a deadline that one instance may take: one that hangs must not eat the time of the others. */
export interface InstanceDeadline extends Deadline {
  /** Ends every timer of it; a fleet would have thousands otherwise. */
  end(): void;
}

/** Deadlines for the instances of a fleet; `answerMs`: the longest that one answer may take. */
export interface InstanceDeadlines {
  start(answerMs: number, moreMs?: number): InstanceDeadline;
}

/** Answers that an instance may keep waiting for, one after the other, as long as one may. */
const answersInAll = 4;
const ended = new Error('the instance has answered');

/**
 * Makes deadlines that never last longer than the whole one. An interrupt is listened for once, however many instances
 * there are, and only while one of them is under way: what watches makes these again at every look.
 */
export function instanceDeadlines(whole: Deadline, clock: Pick<Clock, 'monotonicMs' | 'sleep'>): InstanceDeadlines {
  const open = new Set<AbortController>();
  const onInterrupt = (): void => {
    for (const controller of open) controller.abort(whole.interrupted.reason);
  };
  return {
    start: (answerMs, moreMs = 0) => {
      const endMs = clock.monotonicMs() + answerMs * answersInAll + moreMs;
      const stops = new Map<AbortController, AbortController>();
      const leftMs = (): number => Math.max(0, Math.min(whole.leftMs(), endMs - clock.monotonicMs()));
      const after = (ms: number): AbortSignal => {
        const [controller, stop] = [new AbortController(), new AbortController()];
        if (whole.interrupted.aborted) controller.abort(whole.interrupted.reason);
        open.add(controller);
        // Again is the same as once.
        whole.interrupted.addEventListener('abort', onInterrupt);
        stops.set(controller, stop);
        clock
          .sleep(ms, stop.signal)
          .then(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')))
          // It ended in time.
          .catch(() => undefined);
        return controller.signal;
      };
      return {
        leftMs,
        signal: (atMostMs = Infinity) => after(Math.min(atMostMs, answerMs, leftMs())),
        interrupted: whole.interrupted,
        end: () => {
          for (const [controller, stop] of stops) {
            open.delete(controller);
            stop.abort(ended);
          }
          if (open.size === 0) whole.interrupted.removeEventListener('abort', onInterrupt);
        },
      };
    },
  };
}
