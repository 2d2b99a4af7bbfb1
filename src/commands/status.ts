import type { Context } from '../context.js';
import { usesList, type Environment } from '../domain/config/environment.js';
import { allBuckets } from '../domain/config/bucket-names.js';
import { seenEnforcement } from '../domain/policy/enforcement.js';
import { lastFlips } from '../domain/shadow/flag-flip.js';
import { gatherStatus, type StatusPorts } from '../procedures/status/status.js';
import { statusView } from '../ui/status-view.js';
import { RlctlError } from '../domain/errors.js';
import { addressesOf, type Addresses } from './addresses.js';
import { defineCommand } from './command.js';
import { basePathsByMemory, recall } from './detection.js';
import { trafficPort } from './decisions/traffic.js';
import { lastReload, lastRevision } from './last-reload.js';
import { optionalStore } from './optional-store.js';
import { refusedSignatures } from './refused-signatures.js';
import { wantedFlags } from './shadow/flips.js';

// The first look of an incident: what is asked in parallel, what did not answer, and what is broken.

/** Loaded where instances are listed: one address needs nothing of it. */
function lookAtFleet(context: Context, environment: Environment): NonNullable<StatusPorts['lookAtFleet']> {
  return async (deadline) => (await import('./fleet/look.js')).summariseFleet(context, environment, deadline);
}

/** Loaded while the servers are asked. */
async function openOperations(context: Context, environment: Environment, deadline: StatusPorts['deadline']) {
  return (await import('./open-operations.js')).operationsOf(context, environment, deadline);
}

/** Every instance; where they cannot be listed, the look at the fleet says why, and the rest is told all the same. */
async function reachedBy(context: Context, environment: Environment): Promise<Addresses> {
  try {
    return await addressesOf(context, environment);
  } catch (error) {
    if (!(error instanceof RlctlError) || !usesList(environment)) throw error;
    return { environment, controlPlane: await context.controlPlane(), isFleet: true };
  }
}

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl -e prod status', "rlctl -e prod status --jq '.findings[].message'"],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    const buckets = allBuckets(environment);
    const reached = await reachedBy(context, environment);
    const ports = {
      store: await optionalStore(context, environment),
      controlPlane: reached.controlPlane,
      envFiles: await context.envFiles(),
      blockShares: trafficPort(context, environment, buckets),
      lookAtFleet: reached.isFleet ? lookAtFleet(context, environment) : null,
      operations: (deadline: StatusPorts['deadline']) => openOperations(context, environment, deadline),
      clock: context.clock,
      randomness: context.randomness,
      deadline: context.deadline,
    };
    context.progress.step('asking everything at once');
    const wanted = await wantedFlags(context, environment);
    const learned = await recall(context, environment);
    const reload = await lastReload(context, environment);
    const status = await gatherStatus(ports, {
      ...wanted,
      reload,
      lastRevision: await lastRevision(context, environment),
      refused: await refusedSignatures(context, environment),
      seen: seenEnforcement(learned, reload),
      environment,
      targets: reached.environment.api,
      basePaths: basePathsByMemory(environment, learned),
      buckets,
      siteMode: environment.siteMode,
    });
    const view = statusView({
      status,
      environment,
      reload,
      flips: lastFlips(wanted.flips),
      nowMs: context.clock.nowMs(),
    });
    return { view, exit: status.findings.length > 0 ? 'findings' : 'ok' };
  },
});
