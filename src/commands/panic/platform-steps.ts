import { allBuckets, flagVariables } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { switchVariable } from '../../domain/panic/judge-switch.js';
import type { PanicTarget } from '../../domain/panic/target.js';
import { addressed } from '../../domain/printed-command.js';
import { restartSteps, type FlagToSet } from '../../domain/shadow/restart.js';

/**
 * What people with access to the platform can do where rlctl cannot: sentences in order. `isNothingLeft`: true where Redis
 * was emptied, so that a reload has to be forced.
 */
export function platformSteps(
  environment: Environment,
  target: PanicTarget,
  { isNothingLeft = false }: { readonly isNothingLeft?: boolean } = {},
): readonly string[] {
  const { killSwitch, address, name } = environment;
  if (target.kind === 'global' && killSwitch !== null && 'steps' in killSwitch) return killSwitch.steps;
  const prove = addressed(isNothingLeft ? 'rlctl reload --force' : 'rlctl reload', { ...address, environment: name });
  return restartSteps([flagToSet(environment, target)], null, prove);
}

/** The flag of the bucket; the platform has none for a route alone, and the master switch where its bucket is not known. */
function flagToSet(environment: Environment, target: PanicTarget): FlagToSet {
  const name = target.kind === 'route' ? bucketOfRoute(environment, target.route) : nameIn(target);
  const bucket = allBuckets(environment).find(({ names }) => name !== null && names.includes(name));
  if (bucket === undefined) return { variable: switchVariable, value: 'false' };
  return { variable: flagVariables(bucket)[0], value: 'true' };
}

function nameIn(target: PanicTarget): string | null {
  return target.kind === 'bucket' ? target.name : null;
}
