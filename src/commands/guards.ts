import type { Context } from '../context.js';
import { allBuckets } from '../domain/config/bucket-names.js';
import type { Environment } from '../domain/config/environment.js';
import { assertNoDemand, type Demand } from '../domain/demand.js';
import type { Detected } from '../domain/dialect/dialect.js';
import { guardedName } from '../domain/guard/commands.js';
import { judgeGuards, passedFreezes } from '../domain/guard/judge.js';
import { assertGuardNames, guardDemand, overrideReasonDemand } from '../domain/guard/refusal.js';
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

// The guards of the configuration: asked of the plan, and again of whatever is written at last.

/** What guards say of a change that is no change of the document. */
export interface GuardAnswer extends GuardsSaid {
  /** The names of those that were overridden. */
  readonly overridden: readonly string[];
  /** What they refuse it for; empty: they do not. */
  readonly demands: readonly Demand[];
}

/** An intent that guards watch over. */
export interface Watched {
  readonly intent: ChangeIntent;
  /**
   * What the guards refuse of the plan that was made, for whoever collects all that stands against it; empty: nothing.
   * From then on a plan that they refuse, because somebody else wrote meanwhile, throws at once.
   */
  demands(): Promise<readonly Demand[]>;
}

/** The intent under the guards of its environment. Throws a usage error for a guard that there is not. */
export function guarded(
  context: Context,
  environment: Environment,
  flags: GuardFlags,
  change: { readonly intent: ChangeIntent; readonly isReloading: boolean; readonly seen: Detected | null },
  ports: EffectPorts,
): Watched {
  const { intent, isReloading, seen } = change;
  const { overriddenGuards: overridden, isDryRun } = flags;
  assertGuardNames(environment.name, environment.guards, overridden);
  const target = environment.api[0] ?? null;
  const baseOf = basePolicies(ports, { target, basePaths: basePathsByMemory(environment, seen) });
  const state: { planned: readonly SettledVerdict[]; isCollected: boolean } = { planned: [], isCollected: false };
  const demandsFor = (verdicts: readonly SettledVerdict[]): Promise<readonly Demand[]> =>
    demandsOf(context, environment, flags, verdicts, guardedName(intent.command));
  const onVerdicts = async (verdicts: readonly SettledVerdict[]): Promise<void> => {
    state.planned = verdicts;
    if (state.isCollected && !isDryRun) assertNoDemand(guardedName(intent.command), await demandsFor(verdicts));
  };
  const input = { environment, overridden, given: givenBy(flags), isReloading, baseOf, onVerdicts };
  return {
    intent: guardedIntent(intent, input, context.clock),
    demands: () => {
      state.isCollected = true;
      return demandsFor(state.planned);
    },
  };
}

/** Asks the guards about flags that are set outside the document, or about a reload alone. Throws a usage error for one that there is not. */
export async function askGuards(
  context: Context,
  environment: Environment,
  flags: GuardFlags,
  asked: Pick<GuardSituation, 'command' | 'isReloadOnly'> & { readonly flags: readonly AskedFlag[] },
): Promise<GuardAnswer> {
  assertGuardNames(environment.name, environment.guards, flags.overriddenGuards);
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
  const passed = passedFreezes(environment.guards, situation);
  const remarks = [...needlessRemarks(verdicts, flags.overriddenGuards), ...passed];
  const demands = await demandsOf(context, environment, flags, verdicts, asked.command);
  return { verdicts, overridden: overriddenNames(verdicts), remarks, demands };
}

/** A bucket's flag as it is to be. */
export interface AskedFlag {
  readonly bucket: string;
  readonly isShadow: boolean | null;
}

function givenBy({ reason, ticket, end = { kind: 'unsaid' } }: GuardFlags): ReadonlySet<GuardRequirement> {
  const said = { reason: reason?.trim(), ticket: ticket?.trim(), end: end.kind !== 'unsaid' };
  return new Set((['reason', 'ticket', 'end'] as const).filter((each) => said[each]));
}

/** The lines of the rules are looked up only where one has to be shown. */
async function demandsOf(
  context: Context,
  { name }: Environment,
  { overriddenGuards, reason }: GuardFlags,
  verdicts: readonly SettledVerdict[],
  command: string,
): Promise<readonly Demand[]> {
  const unexplained = overrideReasonDemand(overriddenGuards, reason);
  const others = unexplained === null ? [] : [unexplained];
  if (verdicts.every(({ outcome }) => outcome !== 'refused')) return others;
  const { path, text } = await context.config();
  const { lineOf } = await import('../config-file.js');
  const refusal = guardDemand(verdicts, {
    command,
    hasReason: (reason?.trim() ?? '') !== '',
    lineOf: ({ place, index }) =>
      path !== null && place.startsWith(`${path}: `) ? lineOf(text, ['environments', name, 'guards', index]) : null,
  });
  return refusal === null ? others : [refusal, ...others];
}
