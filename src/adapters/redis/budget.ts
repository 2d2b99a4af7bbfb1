import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/** The time an operation may still take. `leftMs` counts down even where a signal's timer came late. */
export interface Budget {
  leftMs(): number;
  readonly signal: AbortSignal;
}

/** The command's own deadline: ends at the deadline or at the first interrupt. */
export function budgetOf(deadline: Deadline): Budget {
  return { leftMs: () => deadline.leftMs(), signal: deadline.signal() };
}

/** A short time of its own, which neither the deadline nor an interrupt cuts: to find out the truth after them. */
export function ownBudget(clock: Clock, ms: number): Budget {
  const end = clock.monotonicMs() + ms;
  return { leftMs: () => Math.max(0, end - clock.monotonicMs()), signal: AbortSignal.timeout(Math.ceil(ms)) };
}

/**
 * Like `budgetOf`, but an interrupt cuts it only `graceMs` later: an answer that is already on its way is the best proof
 * there is. It ends `reserveMs` before the deadline.
 */
export function graceful(
  deadline: Deadline,
  clock: Clock,
  { graceMs, reserveMs }: { readonly graceMs: number; readonly reserveMs: number },
): Budget & { end(): void } {
  const controller = new AbortController();
  const ended = new AbortController();
  const abort = (): void => controller.abort();
  const onInterrupt = (): void => {
    clock.sleep(graceMs, ended.signal).then(abort, () => undefined);
  };
  if (deadline.interrupted.aborted) onInterrupt();
  else deadline.interrupted.addEventListener('abort', onInterrupt, { once: true });
  return {
    leftMs: () => Math.max(0, deadline.leftMs() - reserveMs),
    signal: controller.signal,
    end: () => {
      deadline.interrupted.removeEventListener('abort', onInterrupt);
      ended.abort(new Error('ended'));
    },
  };
}
