import type { Context } from '../../context.js';
import { usesList, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { usageError } from '../../domain/errors.js';
import { verifyFleet } from '../../procedures/fleet/verify.js';
import type { VerifyInput, VerifyResult } from '../../procedures/verify/verify.js';
import type { ChangePorts } from '../../procedures/override/change.js';
import { noInstanceFlags, pace } from './instance-flags.js';
import { keepFleetReload } from './last-fleet-reload.js';
import { listInstances, sourceOfInstances } from './instances.js';

/** Verifies every instance that the environment lists. */
export async function verifyInstances(
  context: Context,
  environment: Environment,
  ports: ChangePorts,
  input: VerifyInput,
): Promise<VerifyResult> {
  if (input.require === 'enforced') throw noProbeForAll();
  const { untrustedFile, isChangedSinceTrusted: isChanged } = environment;
  if (input.reload !== null && untrustedFile !== null && usesList(environment))
    throw untrusted(untrustedFile, 'the signing secret', { isChanged });
  const placed = sourceOfInstances(environment, noInstanceFlags);
  const instances = await listInstances(context, environment, placed);
  const open = await context.openInstance(environment);
  const run = { ...input, instances, ...pace(noInstanceFlags) };
  const result = await verifyFleet({ ...ports, open }, run, (text) => context.progress.step(text));
  const reloaded = result.effect.instances ?? [];
  if (result.effect.reloads.length > 0)
    await keepFleetReload(context, environment, { instances: reloaded, revision: result.stored.revision });
  return result;
}

function noProbeForAll(): Error {
  return usageError(
    '--require enforced: a probe is one request for all, and cannot prove each instance of a fleet',
    'Prove one address: rlctl verify ROUTE --target URL --probe URL --require enforced',
  );
}
