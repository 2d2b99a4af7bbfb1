import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { panicDeeds, rolloutDeeds } from '../../domain/incident/operation-flags.js';
import type { KeptPanic } from '../../domain/panic/kept.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import type { OtherKnowledge } from '../../procedures/incident/report.js';
import { lastReload } from '../last-reload.js';
import { tracedOperations } from '../local-leases.js';
import { reachOf } from '../shadow/flips.js';
import { knownFlips } from '../shadow/known-flips.js';

/** What incidents are kept in, with the document that they are about. */
export async function incidentPorts(context: Context, environment: Environment): Promise<IncidentPorts> {
  const [store, operations] = await Promise.all([context.store(environment), tracedOperations(context, environment)]);
  store.open(context.deadline);
  const { randomness, deadline, clock } = context;
  return { store, operations, randomness, deadline, clock };
}

/** What is known beside the history: flags set past the document, and what the last proof from here said. `kept`: panics. */
export async function otherKnowledge(
  context: Context,
  environment: Environment,
  { operations, deadline }: Pick<IncidentPorts, 'operations' | 'deadline'>,
  kept: readonly KeptPanic[],
): Promise<OtherKnowledge> {
  const [flips, reload, rollout, reach] = await Promise.all([
    knownFlips(context, environment, { operations, deadline }),
    lastReload(context, environment),
    operations.read('rollout', deadline),
    reachOf(context, environment),
  ]);
  const verdicts = new Map(reload === null || reload.revision === null ? [] : [[reload.revision, reload.verdict]]);
  return { flips, deeds: [...panicDeeds(kept, reach), ...rolloutDeeds(rollout.text)], reach, verdicts };
}
