import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore } from '../../ports/operation-store.js';

/** How long a lease outlives whoever was killed with it in hand, milliseconds. */
export const leaseMs = 30_000;

export interface RenewPorts {
  readonly store: OperationStore;
  readonly clock: Clock;
  /** What one renewal has. */
  readonly deadline: () => Deadline;
}

/**
 * Renews a lease for as long as this process lives; a question or a step by hand may take hours. Resolves with who has it
 * where it is somebody else's by now; `null`: the signal ended it. Never throws: a renewal that fails is tried again.
 */
export async function keepRenewed(
  { store, clock, deadline }: RenewPorts,
  name: string,
  { holder, token }: Pick<OperationLease, 'holder' | 'token'>,
  signal: AbortSignal,
): Promise<OperationLease | null> {
  while (!signal.aborted) {
    await clock.sleep(leaseMs / 3, signal).catch(() => undefined);
    if (signal.aborted) return null;
    const wanted = { holder, token, ttlMs: leaseMs, isForced: false };
    const renewed = await store.lease(name, wanted, deadline()).catch(() => null);
    if (renewed?.kind === 'taken') return renewed.by;
  }
  return null;
}
