import type { Incident } from '../../domain/incident/incident.js';
import { shareOf } from '../share.js';
import { incidentNow, type IncidentPorts } from './stored.js';

const pauseMs = 250;
/** So long somebody who starts the next one waits for whoever is telling of the last one. */
const patienceMs = 3000;

/**
 * The incident that has ended and that others are still to be told of, once nobody else is telling them; `null`: there is none.
 * Whoever holds it is waited for, a few seconds at most: after that they may be gone, and to be told twice under one id is
 * better than never. `onWait` hears for whom it waits.
 */
export async function leftUntold(
  { operations, deadline, clock }: Pick<IncidentPorts, 'operations' | 'deadline' | 'clock'>,
  onWait?: (holder: string) => void,
): Promise<Incident | null> {
  const share = shareOf(deadline, clock);
  const endMs = clock.monotonicMs() + Math.min(patienceMs, share.leftMs());
  for (;;) {
    const { untold, lease } = await incidentNow({ operations, deadline });
    if (untold === null || lease === null || clock.monotonicMs() + pauseMs > endMs) return untold;
    onWait?.(lease.holder);
    await clock.sleep(pauseMs, deadline.interrupted);
  }
}
