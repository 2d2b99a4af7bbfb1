import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { deedsElsewhere, flagsToRestore } from '../../domain/incident/flag-restoration.js';
import type { Incident } from '../../domain/incident/incident.js';
import { withProof } from '../../domain/incident/verdict.js';
import { planChange } from '../../procedures/override/plan.js';
import { readStory, type OtherKnowledge } from '../../procedures/incident/report.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import { openIncident, type IncidentPorts } from '../../procedures/incident/stored.js';
import { incidentStatusView, noIncidentView, type WayBack } from '../../ui/incident-view.js';
import { defineCommand } from '../command.js';
import { wantedFlags } from '../shadow/flips.js';
import { incidentPorts, otherKnowledge } from './ports.js';
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
    const known = await otherKnowledge(context, environment, ports);
    const story = await readStory(ports, incident, known);
    const wayBack = await wayBackOf(context, environment, ports, { incident, known });
    const proof = await proofNow(context, environment, story.timeline);
    const timeline = proof === null ? story.timeline : withProof(story.timeline, proof);
    return { view: incidentStatusView({ ...story, timeline }, { proof, wayBack }, environment), exit: 'ok' };
  },
});

/** What `end --restore` would do now; why it would be refused is part of that. */
async function wayBackOf(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  { incident, known }: { readonly incident: Incident; readonly known: OtherKnowledge },
): Promise<WayBack> {
  const { place } = await wantedFlags(context, environment);
  const flags = flagsToRestore(incident, known.flips, place);
  const elsewhere = deedsElsewhere(incident, known.deeds, flags);
  try {
    const { diff, remarks } = await planChange(ports, restoreIncidentIntent(ports, incident, null));
    return { diff, remarks, flags, elsewhere, refusal: null };
  } catch (error) {
    const isExplained = error instanceof RlctlError && ['conflict', 'guard', 'unexpected'].includes(error.kind);
    if (!isExplained) throw error;
    return { diff: [], remarks: [], flags, elsewhere, refusal: error };
  }
}
