import type { Context } from '../context.js';
import { allBuckets } from '../domain/config/bucket-names.js';
import type { Environment } from '../domain/config/environment.js';
import type { Detected } from '../domain/dialect/dialect.js';
import { guardedName } from '../domain/guard/commands.js';
import { judgeGuards, passedFreezes } from '../domain/guard/judge.js';
import { assertAllowed, assertGuardNames, assertOverrideReason } from '../domain/guard/refusal.js';
import type { GuardRequirement } from '../domain/guard/rule.js';
import type { GuardSituation } from '../domain/guard/situation.js';
import {
  needlessRemarks,
  overriddenNames,
  settle,
  type GuardsSaid,
  type SettledVerdict,
} from '../domain/guard/verdict.js';
import type { EffectPorts } from '../procedures/effect.js';
import { basePolicies } from '../procedures/guard/base-policies.js';
import { guardedIntent } from '../procedures/guard/guarded-intent.js';
import type { ChangeIntent } from '../procedures/override/plan.js';
import { basePathsByMemory } from './detection.js';
import type { GuardFlags } from './guard-flags.js';

// The guards of the configuration: asked between the plan and its confirmation, and again on whatever is written at last.

/** What guards say of a change that is no change of the document. */
export interface GuardAnswer extends GuardsSaid {
  /** The names of those that were overridden. */
  readonly overridden: readonly string[];
}

/** The intent under the guards of its environment. */
export function guarded(
  context: Context,
  environment: Environment,
  flags: GuardFlags,
  change: { readonly intent: ChangeIntent; readonly isReloading: boolean; readonly seen: Detected | null },
  ports: EffectPorts,
): ChangeIntent {
  const { intent, isReloading, seen } = change;
  const { overriddenGuards: overridden, isDryRun } = flags;
  assertFlags(environment, flags);
  const target = environment.api[0] ?? null;
  const baseOf = basePolicies(ports, { target, basePaths: basePathsByMemory(environment, seen) });
  const onVerdicts = async (verdicts: readonly SettledVerdict[]): Promise<void> => {
    if (!isDryRun) await refuse(context, environment, verdicts, guardedName(intent.command));
  };
  const input = { environment, overridden, given: givenBy(flags), isReloading, baseOf, onVerdicts };
  return guardedIntent(intent, input, context.clock);
}

/** Asks the guards about flags that are set outside the document, or about a reload alone. Throws where they refuse. */
export async function askGuards(
  context: Context,
  environment: Environment,
  flags: GuardFlags,
  asked: Pick<GuardSituation, 'command' | 'isReloadOnly'> & { readonly flags: readonly AskedFlag[] },
): Promise<GuardAnswer> {
  assertFlags(environment, flags);
  const buckets = allBuckets(environment);
  const situation: GuardSituation = {
    ...asked,
    flags: asked.flags.map(({ bucket, isShadow }) => {
      const { names = [bucket], routes = [] } = buckets.find(({ name }) => name === bucket) ?? {};
      return { bucket, isShadow, names, routes };
    }),
    routes: [],
    given: givenBy(flags),
    nowMs: context.clock.nowMs(),
  };
  const verdicts = settle(judgeGuards(environment.guards, situation), flags.overriddenGuards);
  if (!flags.isDryRun) await refuse(context, environment, verdicts, asked.command);
  const passed = passedFreezes(environment.guards, situation);
  const remarks = [...needlessRemarks(verdicts, flags.overriddenGuards), ...passed];
  return { verdicts, overridden: overriddenNames(verdicts), remarks };
}

/** A bucket's flag as it is to be. */
export interface AskedFlag {
  readonly bucket: string;
  readonly isShadow: boolean | null;
}

function assertFlags({ name, guards }: Environment, { overriddenGuards, reason, isDryRun }: GuardFlags): void {
  assertGuardNames(name, guards, overriddenGuards);
  if (!isDryRun) assertOverrideReason(overriddenGuards, reason);
}

function givenBy({ reason, ticket, end = { kind: 'unsaid' } }: GuardFlags): ReadonlySet<GuardRequirement> {
  const said = { reason: reason?.trim(), ticket: ticket?.trim(), end: end.kind !== 'unsaid' };
  return new Set((['reason', 'ticket', 'end'] as const).filter((each) => said[each]));
}

/** The lines of the rules are looked up only where one has to be shown. */
async function refuse(
  context: Context,
  { name }: Environment,
  verdicts: readonly SettledVerdict[],
  command: string,
): Promise<void> {
  if (verdicts.every(({ outcome }) => outcome !== 'refused')) return;
  const { path, text } = await context.config();
  const { lineOf } = await import('../config-file.js');
  assertAllowed(verdicts, {
    command,
    lineOf: ({ place, index }) =>
      path !== null && place.startsWith(`${path}: `) ? lineOf(text, ['environments', name, 'guards', index]) : null,
  });
}
