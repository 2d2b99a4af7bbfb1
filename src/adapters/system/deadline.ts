import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

export interface CommandDeadline extends Deadline {
  /** Gives the command `ms` more: for the time a prompt took, and for `--wait`. */
  extend(ms: number): void;
  /** Gives the command its whole time again from now on, what it was extended by included: for each look of a watch. */
  renew(): void;
  /** Ends the command at once, as an interrupt does. */
  end(reason: Error): void;
}

/**
 * A deadline `totalMs` from now that also ends at the first interrupt. Its timers never keep the process alive.
 *
 * Not made of `AbortSignal.any` and `AbortSignal.timeout`: on Node 20 the timeout inside a composite is held weakly, is
 * collected, and then never fires. Here the timer holds its controller, and this holds every controller.
 */
export function createDeadline(clock: Clock, totalMs: number, interrupted: AbortSignal): CommandDeadline {
  const time = { startMs: clock.monotonicMs(), extraMs: 0 };
  const open = new Set<AbortController>();
  const leftMs = (): number => Math.max(0, time.startMs + totalMs + time.extraMs - clock.monotonicMs());
  const ended = new AbortController();
  const end = (reason: unknown): void => {
    ended.abort(reason);
    for (const controller of open) controller.abort(reason);
    open.clear();
  };
  if (interrupted.aborted) end(interrupted.reason);
  interrupted.addEventListener('abort', () => end(interrupted.reason));
  return {
    leftMs,
    interrupted: ended.signal,
    end,
    signal: (atMostMs = Infinity) => {
      const controller = new AbortController();
      if (ended.signal.aborted) controller.abort(ended.signal.reason);
      else open.add(controller);
      const timer = setTimeout(
        () => {
          open.delete(controller);
          controller.abort(new DOMException('the deadline has passed', 'TimeoutError'));
        },
        Math.ceil(Math.min(leftMs(), atMostMs)),
      );
      timer.unref();
      return controller.signal;
    },
    extend: (ms) => {
      time.extraMs += ms;
    },
    renew: () => {
      time.startMs = clock.monotonicMs();
    },
  };
}
