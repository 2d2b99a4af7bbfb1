import type * as Ended from '../panic/ended.js';
import type { Context } from '../../context.js';
import { flagVariables } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { parseRoutePrefix } from '../../domain/override/entry.js';
import { shadowOffIntent, shadowOnIntent } from '../../procedures/shadow/route-intent.js';
import type { CommandSpec, Flags, Outcome } from '../command.js';
import { switchFlag } from '../command.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput, type MutationInput } from '../mutation.js';
import { runChange } from '../override/change.js';
import type { FlagCommand } from './flag-plan.js';
import { runFlagChange } from './flags.js';
import { objectionToOverrides, objectionToShadow } from './objection.js';
import { addTargetFlags, bucketsOf, routesOf, targetOf, type ShadowTarget } from './target.js';

export interface ShadowInput {
  readonly target: ShadowTarget;
  readonly isSpillAllowed: boolean;
  readonly mutation: MutationInput;
}

/** Shadow may be for a while; the way back has no end. */
export const registerShadowOn: CommandSpec['register'] = (command) => {
  registerShadow(command);
  addEndFlags(command);
};

export const registerShadow: CommandSpec['register'] = (command) => {
  addTargetFlags(command);
  addMutationFlags(command);
};

export function shadowInput([bucket]: readonly (string | undefined)[], flags: Flags): ShadowInput {
  return {
    target: targetOf(bucket, flags),
    isSpillAllowed: switchFlag(flags, 'includeOthers'),
    mutation: mutationInput(flags),
  };
}

export function shadowOnInput(args: readonly (string | undefined)[], flags: Flags): ShadowInput {
  return { ...shadowInput(args, flags), mutation: mutationInput(flags, endOf(flags)) };
}

/** Both ways: through overrides for routes, and else as the environment says. */
export async function runShadow(context: Context, isOn: boolean, input: ShadowInput): Promise<Outcome> {
  const { target, mutation, isSpillAllowed } = input;
  const environment = await context.environment(mutation.effect.settings);
  if (target.kind !== 'routes' && environment.shadowDriver !== 'overrides')
    return runFlagChange(context, environment, await flagCommand(context, environment, isOn, input));
  const { routes, others, left } = routesOf(environment, target);
  if (isOn) for (const route of routes) parseRoutePrefix(route, target.kind === 'routes' ? '--route' : 'route');
  const remarks = isOn
    ? await holding(context, environment, routes, mutation)
    : await ending(context, environment, 'overrides', routes);
  const { ifRevision } = mutation;
  const wanted = { routes, others, left, isSpillAllowed, ifRevision, environment, remarks };
  const buckets = bucketsOf(environment, target).map(({ name }) => name);
  const judged = { ...wanted, objection: objectionToOverrides(environment, buckets) };
  return runChange(context, mutation, (ports) =>
    isOn ? shadowOnIntent(judged, mutation.end) : shadowOffIntent(ports, wanted),
  );
}

/** Loaded for the way out alone. */
async function ending(...of: Parameters<typeof Ended.endingRemarks>): ReturnType<typeof Ended.endingRemarks> {
  return (await import('../panic/ended.js')).endingRemarks(...of);
}

/** Only who wants an end is told who keeps it in shadow beyond that. */
async function holding(
  context: Context,
  environment: Environment,
  routes: readonly string[],
  { end }: MutationInput,
): Promise<readonly string[]> {
  if (end.kind !== 'for' && end.kind !== 'until') return [];
  return (await import('../panic/ended.js')).holdingRemarks(context, environment, routes);
}

async function flagCommand(
  context: Context,
  environment: Environment,
  isOn: boolean,
  { target, mutation }: ShadowInput,
): Promise<FlagCommand> {
  const buckets = bucketsOf(environment, target);
  const command = { isOn, buckets, mutation };
  if (!isOn)
    return { ...command, remarks: await ending(context, environment, 'flags', buckets.flatMap(flagVariables)) };
  return { ...command, objection: objectionToShadow(environment, { buckets, isEverything: target.kind === 'all' }) };
}
