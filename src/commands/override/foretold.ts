import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { planChange, type ChangeIntent, type ChangePlan } from '../../procedures/override/plan.js';
import { recall } from '../detection.js';
import { confirmationRemarks, demandRemarks } from '../demands.js';
import { changePorts } from '../mutation.js';

// A plan tells what would refuse it by now: whoever makes it is to know before whoever reviews it.

interface Why {
  readonly reason: string | null;
  readonly ticket: string | null;
}

/** The plan, with what its environment would say when it is made. Writes nothing, and refuses nothing. */
export async function planForetold(
  context: Context,
  environment: Environment,
  planned: ChangeIntent,
  why: Why,
): Promise<ChangePlan> {
  const { clock, randomness, deadline } = context;
  const intent: ChangeIntent = { ...planned, end: { kind: 'unsaid' } };
  const watched = environment.guards.length === 0 ? intent : await underGuards(context, environment, intent, why);
  const plan = await planChange({ store: await context.store(environment), clock, randomness, deadline }, watched);
  if (plan.isNoop) return plan;
  const foretold = [
    ...refusals(plan),
    ...demandRemarks(environment, { ...why, end: { kind: 'unsaid' } }, 'apply'),
    ...confirmationRemarks(environment, { confirm: null }, 'apply'),
  ];
  return { ...plan, remarks: [...plan.remarks, ...foretold] };
}

async function underGuards(
  context: Context,
  environment: Environment,
  intent: ChangeIntent,
  why: Why,
): Promise<ChangeIntent> {
  const [ports, seen] = [await changePorts(context, environment), await recall(context, environment)];
  const { guarded } = await import('../guards.js');
  const flags = { ...why, overriddenGuards: [], isDryRun: true };
  return guarded(context, environment, flags, { intent, isReloading: false, seen }, ports).intent;
}

function refusals({ intent }: ChangePlan): readonly string[] {
  return (intent.guards?.().verdicts ?? []).flatMap(({ rule, outcome, violations }) => {
    if (outcome !== 'refused') return [];
    const cures = [...new Set(violations.map(({ cure }) => cure).filter((cure) => cure !== ''))];
    return [[`apply will be refused by the guard "${rule.name}"`, ...cures].join('; ')];
  });
}
