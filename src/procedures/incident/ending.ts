import { openIncidentName } from '../../domain/incident/incident.js';
import type { OperationLease } from '../../ports/operation-store.js';
import type { IncidentPorts } from './stored.js';

/** Who is ending the open incident, and until when they hold it unless that is renewed; `null`: nobody is. */
export async function whoEnds({
  operations,
  deadline,
}: Pick<IncidentPorts, 'operations' | 'deadline'>): Promise<OperationLease | null> {
  return (await operations.read(openIncidentName, deadline)).lease;
}
