import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand, type Demand } from '../../domain/demand.js';
import { RlctlError } from '../../domain/errors.js';
import { guardedName } from '../../domain/guard/commands.js';
import { beforeAnything, interruptedBefore } from '../../domain/nothing-done.js';
import { flipCommand } from '../../domain/shadow/flag-flip.js';
import { assertInTime, isUnbegun } from '../../procedures/in-time.js';
import { changeFlags, type FlagPlan, type FlagResult } from '../../procedures/shadow/change-flags.js';
import { flagPlanView, flagPreviewText, flagResultView } from '../../ui/shadow-view.js';
import { announceFlags } from '../announce-change.js';
import { prepareToAnnounce, withReports, type NotificationReport } from '../announce.js';
import type { Outcome } from '../command.js';
import { confirmChange } from '../confirmation.js';
import { changeDemands, confirmationRemarks, demandRemarks } from '../demands.js';
import { remember } from '../detection.js';
import { authorOf, type MutationInput } from '../mutation.js';
import { nameOf, prepareFlags, type FlagCommand } from './flag-plan.js';
import { keepFlips, takeBegunBack, tellBegun } from './flips.js';

/** What a change of flags came to: with --dry-run its plan, else what was done. */
export type FlagChangeMade =
  | {
      readonly kind: 'planned';
      readonly plan: FlagPlan;
      /** What guards would refuse it for; empty: nothing. */
      readonly demands: readonly Demand[];
    }
  | {
      readonly kind: 'made';
      readonly result: FlagResult;
      /** What became of telling others; it need not be waited for. */
      readonly told: Promise<readonly NotificationReport[]>;
    };

/** Flips the flags of buckets, and shows it: what `runChange` is for overrides. */
export async function runFlagChange(context: Context, environment: Environment, wanted: FlagCommand): Promise<Outcome> {
  const change = makeFlagChange(context, environment, wanted).catch((error: unknown) => {
    throw interruptedBefore(error, 'written');
  });
  const made = await beforeAnything(change, 'written');
  if (made.kind === 'planned') return { view: flagPlanView(made.plan, environment), exit: 'ok' };
  const view = await withReports(flagResultView(made.result, environment), made.told);
  return { view, exit: made.result.exit };
}

/** Flips the flags of buckets through an env file or a program: what `makeChange` is for overrides. */
export async function makeFlagChange(
  context: Context,
  environment: Environment,
  wanted: FlagCommand,
): Promise<FlagChangeMade> {
  const { mutation } = wanted;
  const { plan, guards, ports, asked, reload, isReloading, stored, seen } = await prepareFlags(
    context,
    environment,
    wanted,
  );
  wanted.check?.(plan);
  if (mutation.isDryRun)
    return { kind: 'planned', plan: foretold(plan, environment, mutation), demands: guards.demands };
  const demands = [
    ...guards.demands,
    ...changeDemands(context, environment, { ...mutation, ...endless }, { isNoop: plan.isNoop, isReloading }),
  ];
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand(guardedName(nameOf(plan)), demands);
  await confirmChange(context, environment, mutation, {
    isNoop: plan.isNoop,
    isReloading,
    preview: async () => flagPreviewText(plan, await context.theme()),
  });
  const author = await authorOf(context, environment, mutation);
  if (!plan.isNoop) {
    assertInTime(context.deadline, `${plan.flags.map(({ variable }) => variable).join(', ')} was set`);
    await wanted.onAgreed?.(plan);
  }
  const by = { author, guards: guards.overridden };
  // Who keeps what stood there itself has done so by now.
  const isToTell = !plan.isNoop && wanted.onAgreed === undefined;
  const begunAt = isToTell ? await tellBegun(context, environment, plan, by) : null;
  const kept = { ...by, begunAt };
  const input = { author, effect: { ...asked, reload }, environment, stored };
  if (!plan.isNoop && mutation.isTelling !== false) prepareToAnnounce(context, environment, 'flags');
  const result = await changeFlags(ports, plan, input, (text) => context.progress.step(text)).catch(
    async (error: unknown) => {
      if (isMaybeDone(error) && !isUnbegun(error, context.deadline))
        await keepFlips(context, environment, plan, { ...kept, verdict: 'notAttempted' });
      else if (begunAt !== null) await takeBegunBack(context, environment, plan, { ...by, at: begunAt });
      throw error;
    },
  );
  const told = announceFlags(context, environment, mutation, result);
  await keepFlips(context, environment, plan, { ...kept, verdict: result.effect.proof.verdict });
  const { reason, ticket } = mutation;
  await remember(context, environment, result.effect, {
    seen,
    by: { command: plan.command ?? commandText(plan), reason, ticket },
  });
  return { kind: 'made', result, told };
}

/** A flag has no end to be asked for. */
const endless = { end: { kind: 'permanent' } } as const;

/** With what the change would be refused for beside its guards, whose verdicts the plan shows anyway. */
function foretold<P extends FlagPlan>(plan: P, environment: Environment, mutation: MutationInput): P {
  if (plan.isNoop) return plan;
  const verb = 'the change';
  const remarks = [
    ...demandRemarks(environment, { ...mutation, ...endless }, verb),
    ...confirmationRemarks(environment, mutation, verb),
  ];
  return { ...plan, remarks: [...plan.remarks, ...remarks] };
}

function commandText({ isOn, flags }: FlagPlan): string {
  return flipCommand(flags.map(({ bucket }) => ({ bucket: bucket.name, isOn })));
}

/** A change that was cut off may have been made. */
function isMaybeDone(error: unknown): boolean {
  return error instanceof RlctlError && ['interrupted', 'terminated', 'unknownOutcome'].includes(error.kind);
}
