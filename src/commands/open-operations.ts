import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import {
  openOperations,
  type OpenOperations,
  type OpenOperationsPorts,
} from '../procedures/operation/open-operations.js';
import { optionalStore } from './optional-store.js';
import { flagTexts } from './panic/flag-texts.js';
import { localJournals, localRunIds } from './runbook/local-journals.js';
import { flagFlips, reachOf } from './shadow/flips.js';

/** What is open on an environment: panics, the incident, the rollout, runs of runbooks. */
export async function operationsOf(
  context: Context,
  environment: Environment,
  deadline: OpenOperationsPorts['deadline'],
): Promise<OpenOperations> {
  const store = await optionalStore(context, environment);
  const kept = store && {
    store,
    operations: await context.operationStore(environment),
    flagText: await flagTexts(context, environment),
    reach: await reachOf(context, environment),
    ownFlips: await flagFlips(context, environment),
  };
  const local = localJournals(context);
  const nowMs = context.clock.nowMs();
  return openOperations({ kept, local, localIds: () => localRunIds(context), deadline, nowMs }, environment.name);
}
