import { RlctlError } from '../domain/errors.js';
import type { Deadline } from '../ports/deadline.js';

/**
 * Throws where the deadline has passed, or the command was interrupted, before anything was changed. `before`: what comes
 * next, a half sentence: what has no time left is not begun, because it would be cut off half-way.
 */
export function assertInTime({ leftMs, interrupted }: Pick<Deadline, 'leftMs' | 'interrupted'>, before: string): void {
  if (interrupted.aborted) throw interrupted.reason;
  if (leftMs() > 0) return;
  throw new RlctlError('unreachable', `the deadline passed before ${before}; nothing was changed`, {
    code: 'NO_TIME_LEFT',
    hint: 'Run the command again, with a longer --timeout.',
    details: { applied: false },
  });
}

/**
 * Whether this is the interrupt itself: it is thrown as it is only where nothing was begun yet, and what is cut off later
 * says so in words of its own.
 */
export function isUnbegun(error: unknown, { interrupted }: Pick<Deadline, 'interrupted'>): boolean {
  return interrupted.aborted && error === interrupted.reason;
}
