import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand, type Demand } from '../../domain/demand.js';
import type { Detected } from '../../domain/dialect/dialect.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { applyChange, type ChangePorts, type ChangeResult } from '../../procedures/override/change.js';
import { assertNotLost } from '../../procedures/override/lost-document.js';
import { planChange, type ChangeIntent, type ChangePlan } from '../../procedures/override/plan.js';
import { preflight } from '../../procedures/preflight.js';
import { changeView, planView, previewText } from '../../ui/change-view.js';
import { prepareToAnnounce, withReports, type NotificationReport } from '../announce.js';
import { announceChange, announceUnknown } from '../announce-change.js';
import type { Outcome } from '../command.js';
import { confirmChange } from '../confirmation.js';
import { recall, remember } from '../detection.js';
import { changeDemands, confirmationRemarks, demandRemarks, withRequirements } from '../demands.js';
import type { Watched } from '../guards.js';
import { isPart, lastRevision } from '../last-reload.js';
import { authorOf, changePorts, effectInput, type MutationInput } from '../mutation.js';
import { together } from '../together.js';

type IntentOf = (ports: ChangePorts) => ChangeIntent;

/** What a changing verb came to: with --dry-run its plan, else what was done. */
export type ChangeMade =
  | { readonly kind: 'planned'; readonly plan: ChangePlan; readonly environment: Environment }
  | {
      readonly kind: 'made';
      readonly result: ChangeResult;
      readonly environment: Environment;
      /** What became of telling others; it need not be waited for. */
      readonly told: Promise<readonly NotificationReport[]>;
    };

/** What every changing verb does with its intent, and shows. */
export async function runChange(context: Context, input: MutationInput, intentOf: IntentOf): Promise<Outcome> {
  const made = await beforeAnything(makeChange(context, input, intentOf), 'written');
  if (made.kind === 'planned') return { view: planView(made.plan, made.environment), exit: 'ok' };
  const view = await withReports(changeView(made.result, made.environment), made.told);
  return { view, exit: made.result.exit };
}

/**
 * Everything that can fail is tried before the write, the plan is shown, confirmed where needed, written, reloaded and
 * proven.
 */
export async function makeChange(context: Context, input: MutationInput, intentOf: IntentOf): Promise<ChangeMade> {
  return change(context, input, intentOf).catch((error: unknown) => {
    throw withRequirements(error, input);
  });
}

async function change(context: Context, input: MutationInput, intentOf: IntentOf): Promise<ChangeMade> {
  const environment = await context.environment(input.effect.settings);
  const ports = await changePorts(context, environment);
  context.progress.step('reading the document');
  const seen = await recall(context, environment);
  const wanted = await effectInput(context, environment, input.effect, seen);
  const isReloading = wanted.reload !== null;
  const own = await unmade(context, ports, asPart(context, intentOf(ports)));
  const watched = await underGuards(context, environment, input, { intent: own, isReloading, seen }, ports);
  const { intent } = watched;
  const [plan, reload] = await together([
    planChange(ports, intent).then(async (planned) => {
      await assertNotLost(planned, () => lastRevision(context, environment)).catch(async (error: unknown) => {
        throw await (await import('../placed-hint.js')).placedHint(context, environment, error);
      });
      const whole =
        isReloading && (await isPart(context, environment)) ? withPartRemark(planned, environment) : planned;
      return asked(context, environment, input, { planned: whole, isReloading, watched });
    }),
    wanted.reload && preflight(ports, wanted.reload, intent.routes[0] ?? '/', { isRequired: true }),
  ]);
  if (input.isDryRun) return { kind: 'planned', plan, environment };
  const effect = { ...wanted, reload };
  await confirmChange(context, environment, input, {
    isNoop: plan.isNoop,
    isReloading: reload !== null,
    preview: async () => previewText(plan, environment, await context.theme()),
  });
  const author = await authorOf(context, environment, input);
  if (!plan.isNoop && input.isTelling !== false) prepareToAnnounce(context, environment, 'change');
  const result = await applyChange(ports, plan, author, effect, (text) => context.progress.step(text)).catch(
    async (error: unknown) => {
      announceUnknown(context, environment, input, { intent, error });
      const { keepUnfinished } = await import('./unfinished.js');
      throw await keepUnfinished(context, plan, author, error);
    },
  );
  const told = announceChange(context, environment, input, result);
  const revision = (result.written?.plan ?? result.plan).revisionAfter;
  const by = { command: intent.command, reason: input.reason, ticket: input.ticket, revision };
  await remember(context, environment, result.effect, { seen, by });
  return { kind: 'made', result, environment, told };
}

/** What this command is a part of is recorded with its change. */
function asPart({ partOf }: Context, intent: ChangeIntent): ChangeIntent {
  if (partOf.length === 0) return intent;
  return {
    ...intent,
    terms: () => {
      const terms = intent.terms?.() ?? {};
      return { ...terms, partOf: [...partOf, ...(terms.partOf ?? [])] };
    },
  };
}

/** A change whose id was fixed before may have been made by a run that was cut off: then it is proven, and not made again. */
async function unmade(context: Context, ports: ChangePorts, intent: ChangeIntent): Promise<ChangeIntent> {
  if (context.changeId === null) return intent;
  const { alreadyMade } = await import('../../procedures/override/already-made.js');
  return alreadyMade(ports, intent, context.changeId);
}

/** The document is everybody's, and its reload one instance's. */
function withPartRemark(plan: ChangePlan, { api }: Environment): ChangePlan {
  const remark = `only ${api.join(', ')} is reloaded and proven: the environment's other instances keep what they hold until: rlctl reload`;
  return { ...plan, remarks: [...plan.remarks, remark] };
}

interface Planned {
  readonly planned: ChangePlan;
  readonly isReloading: boolean;
  readonly watched: Pick<Watched, 'demands'>;
}

/**
 * Throws a guard that names all that stands against a plan at once; with --dry-run the plan says it instead. What has to
 * be confirmed and nothing else is left to `confirmChange`, which shows the plan first.
 */
async function asked(
  context: Context,
  environment: Environment,
  input: MutationInput,
  { planned, isReloading, watched }: Planned,
): Promise<ChangePlan> {
  const refused = await watched.demands();
  if (input.isDryRun) return withRemarks(planned, environment, input, refused);
  const others = changeDemands(context, environment, input, { isNoop: planned.isNoop, isReloading });
  const demands = [...refused, ...others];
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand(planned.intent.command, demands);
  return planned;
}

/** The verdicts of the guards stand in the plan anyway. */
function withRemarks(
  plan: ChangePlan,
  environment: Environment,
  input: MutationInput,
  refused: readonly Demand[],
): ChangePlan {
  const verb = 'the change';
  const unexplained = refused.filter(({ code }) => code === 'REASON_MISSING');
  const remarks = [
    ...unexplained.map(({ message }) => `${verb} will be refused without more: ${message}`),
    ...(plan.isNoop
      ? []
      : [...demandRemarks(environment, input, verb), ...confirmationRemarks(environment, input, verb)]),
  ];
  return { ...plan, remarks: [...plan.remarks, ...remarks] };
}

/** Where nothing is guarded, nothing of it is loaded. */
async function underGuards(
  context: Context,
  environment: Environment,
  input: MutationInput,
  change: { readonly intent: ChangeIntent; readonly isReloading: boolean; readonly seen: Detected | null },
  ports: ChangePorts,
): Promise<Watched> {
  if (environment.guards.length === 0 && input.overriddenGuards.length === 0)
    return { intent: change.intent, demands: async () => [] };
  const { guarded } = await import('../guards.js');
  return guarded(context, environment, input, change, ports);
}
