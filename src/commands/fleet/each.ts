import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { noInstanceFlags, pace } from './instance-flags.js';
import { listInstances, sourceOfInstances } from './instances.js';

/** Every instance that the environment lists, as what is asked of addresses asks it. */
export async function everyInstance(context: Context, environment: Environment): ReturnType<Context['eachInstance']> {
  const instances = await listInstances(context, environment, sourceOfInstances(environment, noInstanceFlags));
  return context.eachInstance(environment, instances, pace(noInstanceFlags).timeoutMs);
}
