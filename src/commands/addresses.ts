import type { Context } from '../context.js';
import { isFleet, type Environment } from '../domain/config/environment.js';

/** Whom a question about an environment goes to. */
export interface Addresses {
  /** The environment with every instance among its addresses. */
  readonly environment: Environment;
  readonly controlPlane: Awaited<ReturnType<Context['controlPlane']>>;
  /** True: several may answer, and each is asked. */
  readonly isFleet: boolean;
}

/** The one address of an environment, or every instance of its fleet; one address loads nothing of fleets. */
export async function addressesOf(context: Context, environment: Environment): Promise<Addresses> {
  if (!isFleet(environment)) return { environment, controlPlane: await context.controlPlane(), isFleet: false };
  const { everyInstance } = await import('./fleet/each.js');
  const { targets, controlPlane } = await everyInstance(context, environment);
  return { environment: { ...environment, api: targets }, controlPlane, isFleet: true };
}
