import type { Context } from '../../context.js';
import { usesList, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { revisionOf } from '../../domain/revision.js';
import type { FleetEffects } from '../../procedures/effect.js';
import { preflightFleet, takeFleetEffect } from '../../procedures/fleet/take-effect.js';
import { metricsPort } from '../proof-metrics.js';
import { listInstances, sourceOfInstances } from './instances.js';
import { noInstanceFlags, pace } from './instance-flags.js';
import { keepFleetReload } from './last-fleet-reload.js';

/**
 * How the instances of an environment take an effect. They are listed at once: a list that cannot be had is an error before
 * anything is written.
 */
export async function openFleetEffects(context: Context, environment: Environment): Promise<FleetEffects> {
  const { untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (untrustedFile !== null && usesList(environment))
    throw untrusted(untrustedFile, 'the signing secret', { isChanged, requirements });
  const placed = sourceOfInstances(environment, noInstanceFlags);
  const [instances, open, controlPlane] = await Promise.all([
    listInstances(context, environment, placed),
    context.openInstance(environment),
    context.controlPlane(),
  ]);
  const { clock, randomness, deadline } = context;
  const ports = { open, controlPlane, clock, randomness, deadline, metrics: metricsPort(context, environment) };
  const run = { instances, ...pace(noInstanceFlags) };
  return {
    preflight: (reload) => preflightFleet(ports, run, reload),
    take: async (effect, expected, onStep) => {
      const taken = await takeFleetEffect(ports, { ...run, effect, expected }, onStep);
      const revision = effect.isVerified ? revisionOf(expected.storedBytes) : null;
      await keepFleetReload(context, environment, { ...taken, revision });
      return taken.effect;
    },
  };
}
