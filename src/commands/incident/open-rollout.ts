import { openRolloutOperation } from '../../domain/operation/open.js';
import { partOf, valueOf } from '../../domain/part.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import { readRollout } from '../../procedures/rollout/session.js';

/**
 * That a rollout is open whose stages the end of an incident may take back with everything else, a sentence; `null`: none is,
 * or it cannot be read, which keeps no incident from its end.
 */
export async function openRolloutText(ports: Pick<IncidentPorts, 'operations' | 'deadline'>): Promise<string | null> {
  const kept = valueOf(await partOf(() => readRollout(ports)));
  const open = kept?.state && openRolloutOperation(kept.state, kept.lease?.holder ?? null);
  if (!open) return null;
  const { id, what, state } = open;
  return `rollout ${id} is open (${what}; ${state}): a stage of it that goes back with the incident no longer stands, see: rlctl rollout status`;
}
