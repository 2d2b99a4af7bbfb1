import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';

/** The part of a deadline that one instance may take: one that hangs must not eat the time of the others. */
export interface InstanceDeadline extends Deadline {
  /** Ends every timer of it; a fleet would have thousands otherwise. */
  end(): void;
}

const ended = new Error('the instance has answered');

/** A deadline `atMostMs` from now, and never later than the whole one. */
export function instanceDeadline(
  whole: Deadline,
  clock: Pick<Clock, 'monotonicMs' | 'sleep'>,
  atMostMs: number,
): InstanceDeadline {
  const endMs = clock.monotonicMs() + atMostMs;
  const over = new AbortController();
  const leftMs = (): number => Math.max(0, Math.min(whole.leftMs(), endMs - clock.monotonicMs()));
  const after = (ms: number): AbortSignal => {
    const controller = new AbortController();
    const interrupt = (): void => controller.abort(whole.interrupted.reason);
    whole.interrupted.addEventListener('abort', interrupt, { signal: over.signal });
    if (whole.interrupted.aborted) interrupt();
    clock
      .sleep(ms, over.signal)
      .then(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')))
      // It ended in time.
      .catch(() => undefined);
    return controller.signal;
  };
  const all = after(leftMs());
  return {
    leftMs,
    signal: (ms = Infinity) => (ms >= leftMs() ? all : after(ms)),
    interrupted: whole.interrupted,
    end: () => over.abort(ended),
  };
}
