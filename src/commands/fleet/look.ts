import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { describeInstances } from '../../domain/fleet/source.js';
import {
  fleetStatus,
  type FleetStatus,
  type FleetStatusInput,
  type FleetStatusPorts,
} from '../../procedures/fleet/status.js';
import { fleetSummary, type FleetSummary } from '../../procedures/fleet/summary.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastRevision } from '../last-reload.js';
import { refusedSignatures } from '../refused-signatures.js';
import { optionalStore } from '../optional-store.js';
import { noInstanceFlags, pace, type InstanceFlags } from './instance-flags.js';
import { listInstances, sourceOfInstances } from './instances.js';

/** What looking at the instances of an environment needs. */
export async function fleetLook(
  context: Context,
  environment: Environment,
  instances: readonly Instance[],
  flags: InstanceFlags,
): Promise<{ readonly ports: FleetStatusPorts; readonly input: FleetStatusInput }> {
  const { clock, deadline, randomness } = context;
  const [open, store, seen, last, refused] = await Promise.all([
    context.openInstance(environment),
    optionalStore(context, environment),
    recall(context, environment),
    lastRevision(context, environment),
    refusedSignatures(context, environment),
  ]);
  const { namespace, siteMode, workers, fleet } = environment;
  const input = {
    instances,
    basePaths: basePathsByMemory(environment, seen),
    buckets: allBuckets(environment),
    bucketOf: (route: string) => bucketOfRoute(environment, route),
    namespace,
    metricsPath: fleet.metricsPath,
    siteMode,
    workers,
    lastRevision: last,
    refused,
    ...pace(flags),
  };
  return { ports: { open, store, clock, deadline, randomness }, input };
}

/** Looks once at every instance that the environment lists. */
export async function statusOfFleet(
  context: Context,
  environment: Environment,
  deadline: FleetStatusPorts['deadline'],
): Promise<FleetStatus> {
  const instances = await listInstances(context, environment, sourceOfInstances(environment, noInstanceFlags));
  const { ports, input } = await fleetLook(context, environment, instances, noInstanceFlags);
  return fleetStatus({ ...ports, deadline }, input);
}

/** The same in few words. */
export async function summariseFleet(
  context: Context,
  environment: Environment,
  deadline: FleetStatusPorts['deadline'],
): Promise<FleetSummary> {
  const { source } = sourceOfInstances(environment, noInstanceFlags);
  return fleetSummary(await statusOfFleet(context, environment, deadline), describeInstances(source));
}
