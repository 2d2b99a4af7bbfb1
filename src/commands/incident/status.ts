import { RlctlError } from '../../domain/errors.js';
import { withProof } from '../../domain/incident/verdict.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import { openIncident, type IncidentPorts } from '../../procedures/incident/stored.js';
import { planChange } from '../../procedures/override/plan.js';
import { incidentStatusView, noIncidentView, type WayBack } from '../../ui/incident-status-view.js';
import { defineCommand } from '../command.js';
import { look, type Seen } from './look.js';
import { incidentPorts } from './ports.js';
import { proofNow } from './verdict.js';

// Where the open incident stands: who, since when, what was changed and whether it is in force, and what the way back is.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl -e prod incident status', "rlctl -e prod incident status --jq '.timeline[].command'"],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    const ports = await incidentPorts(context, environment);
    context.progress.step('reading the incident');
    const incident = await openIncident(ports);
    if (incident === null) return { view: noIncidentView(environment), exit: 'ok' };
    const seen = await look(context, environment, ports, incident);
    const { story } = seen;
    const wayBack = await wayBackOf(ports, seen);
    const proof = await proofNow(context, environment, story.timeline);
    const timeline = proof === null ? story.timeline : withProof(story.timeline, proof);
    return { view: incidentStatusView({ ...story, timeline }, { proof, wayBack }, environment), exit: 'ok' };
  },
});

/** What `end --restore` would do now; why it would be refused is part of that. */
async function wayBackOf(ports: IncidentPorts, { story, flags, elsewhere }: Seen): Promise<WayBack> {
  try {
    const { diff, remarks } = await planChange(ports, restoreIncidentIntent(ports, story.incident, null));
    return { diff, remarks, flags, elsewhere, refusal: null };
  } catch (error) {
    const isExplained = error instanceof RlctlError && ['conflict', 'guard', 'unexpected'].includes(error.kind);
    if (!isExplained) throw error;
    return { diff: [], remarks: [], flags, elsewhere, refusal: error };
  }
}
