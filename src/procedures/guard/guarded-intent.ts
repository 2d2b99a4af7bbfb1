import { allBuckets, type BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { guardedName, isExempt } from '../../domain/guard/commands.js';
import { judgeGuards, passedFreezes } from '../../domain/guard/judge.js';
import type { GuardRequirement, GuardRule } from '../../domain/guard/rule.js';
import { guardedRoutes, routesInScope, type GuardedRoute } from '../../domain/guard/situation.js';
import { needlessRemarks, overriddenNames, settle, type SettledVerdict } from '../../domain/guard/verdict.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import type { Clock } from '../../ports/clock.js';
import type { ChangeIntent, ChangePlan } from '../override/plan.js';
import type { BaseOf } from './base-policies.js';

/** What a change is judged with. */
export interface GuardInput {
  readonly environment: Pick<Environment, 'buckets' | 'guards'>;
  /** The names given with `--override-guard`. */
  readonly overridden: readonly string[];
  /** What the change carries, beside an end that its intent knows. */
  readonly given: ReadonlySet<GuardRequirement>;
  /** A reload follows, also where nothing has to be written. */
  readonly isReloading: boolean;
  readonly baseOf: BaseOf;
  /** Called with every verdict that was reached; throws where it is to be refused. */
  readonly onVerdicts: (verdicts: readonly SettledVerdict[]) => Promise<void>;
}

/**
 * An intent that the guards of its environment watch over: they judge what would be written each time that it is computed,
 * so that what somebody else wrote meanwhile counts as well. What was overridden becomes part of its terms.
 */
export function guardedIntent(intent: ChangeIntent, input: GuardInput, clock: Pick<Clock, 'nowMs'>): ChangeIntent {
  const state: Judged = { verdicts: [], passed: [] };
  return {
    ...intent,
    check: async (plan) => {
      await intent.check?.(plan);
      Object.assign(state, await judge(intent, plan, input, clock));
      await input.onVerdicts(state.verdicts);
    },
    guards: () => ({
      verdicts: state.verdicts,
      remarks: [...needlessRemarks(state.verdicts, input.overridden), ...state.passed],
    }),
    terms: () => {
      const guards = overriddenNames(state.verdicts);
      return { ...intent.terms?.(), ...(guards.length === 0 ? {} : { guards }) };
    },
  };
}

interface Judged {
  readonly verdicts: readonly SettledVerdict[];
  /** Freezes that do not hold for it, in sentences. */
  readonly passed: readonly string[];
}

async function judge(
  intent: ChangeIntent,
  plan: ChangePlan,
  input: GuardInput,
  clock: Pick<Clock, 'nowMs'>,
): Promise<Judged> {
  const { environment, overridden, isReloading } = input;
  if (isExempt(intent.command) || (plan.isNoop && !isReloading)) return { verdicts: [], passed: [] };
  const isEnding = intent.terms?.().untilMs !== undefined;
  const situation = {
    command: guardedName(intent.command),
    routes: plan.isNoop ? [] : await routesOf(plan, input),
    flags: [],
    isReloadOnly: plan.isNoop,
    given: new Set([...input.given, ...(isEnding ? (['end'] as const) : [])]),
    nowMs: clock.nowMs(),
  };
  const verdicts = settle(judgeGuards(environment.guards, situation), overridden);
  return { verdicts, passed: passedFreezes(environment.guards, situation) };
}

async function routesOf(plan: ChangePlan, { environment, baseOf }: GuardInput): Promise<readonly GuardedRoute[]> {
  const buckets = allBuckets(environment);
  const bucketOf = (route: string): BucketNames | null => {
    const name = bucketOfRoute(environment, route);
    return buckets.find((each) => each.name === name) ?? null;
  };
  const before = loadOverrides(plan.stored.bytes);
  const change = { before, after: loadOverrides(plan.edit.next), changes: plan.edit.changes };
  const touched = guardedRoutes(environment.guards, change, { bucketOf, buckets }).map((each) => ({
    ...each,
    base: null,
  }));
  return Promise.all(
    touched.map(async (each) => {
      const bucket = isBaseWanted(environment.guards, each) ? bucketOf(each.route) : null;
      return bucket === null ? each : { ...each, base: await baseOf(bucket, before) };
    }),
  );
}

/** Only what the bucket itself adds to an override, or takes over from it, makes a rule ask for its own policy. */
function isBaseWanted(rules: readonly GuardRule[], route: GuardedRoute): boolean {
  return rules.some((rule) => {
    if (routesInScope(rule, [route]).length === 0) return false;
    const isOpen = [...rule.factors.keys()].some(
      (field) => (route.before?.[field] === undefined) !== (route.after?.[field] === undefined),
    );
    return isOpen || (rule.never !== null && route.after?.isShadow === undefined);
  });
}
