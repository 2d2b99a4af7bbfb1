import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand, type Demand } from '../../domain/demand.js';
import type { Detected } from '../../domain/dialect/dialect.js';
import { applyChange, type ChangePorts } from '../../procedures/override/change.js';
import { planChange, type ChangeIntent, type ChangePlan } from '../../procedures/override/plan.js';
import { preflight } from '../../procedures/preflight.js';
import { changeView, planView, previewText } from '../../ui/change-view.js';
import type { Outcome } from '../command.js';
import { confirmChange } from '../confirmation.js';
import { recall, remember } from '../detection.js';
import { changeDemands, confirmationRemarks, demandRemarks, withRequirements } from '../demands.js';
import type { Watched } from '../guards.js';
import { authorOf, changePorts, effectInput, type MutationInput } from '../mutation.js';
import { together } from '../together.js';

/**
 * What every changing verb does with its intent: everything that can fail is tried before the write, the plan is shown,
 * confirmed where needed, written, reloaded and proven.
 */
export async function runChange(context: Context, input: MutationInput, intentOf: IntentOf): Promise<Outcome> {
  return change(context, input, intentOf).catch((error: unknown) => {
    throw withRequirements(error, input);
  });
}

type IntentOf = (ports: ChangePorts) => ChangeIntent;

async function change(context: Context, input: MutationInput, intentOf: IntentOf): Promise<Outcome> {
  const environment = await context.environment(input.effect.settings);
  const ports = await changePorts(context, environment);
  context.progress.step('reading the document');
  const seen = await recall(context, environment);
  const wanted = await effectInput(context, environment, input.effect, seen);
  const isReloading = wanted.reload !== null;
  const watched = await underGuards(context, environment, input, { intent: intentOf(ports), isReloading, seen }, ports);
  const { intent } = watched;
  const [plan, reload] = await together([
    planChange(ports, intent).then((planned) => asked(context, environment, input, { planned, isReloading, watched })),
    wanted.reload && preflight(ports, wanted.reload, intent.routes[0] ?? '/', { isRequired: true }),
  ]);
  if (input.isDryRun) return { view: planView(plan, environment), exit: 'ok' };
  const effect = { ...wanted, reload };
  await confirmChange(context, environment, input, {
    isNoop: plan.isNoop,
    isReloading: reload !== null,
    preview: async () => previewText(plan, environment, await context.theme()),
  });
  const author = await authorOf(context, environment, input);
  const result = await applyChange(ports, plan, author, effect, (text) => context.progress.step(text));
  const revision = (result.written?.plan ?? result.plan).revisionAfter;
  const by = { command: intent.command, reason: input.reason, ticket: input.ticket, revision };
  await remember(context, environment, result.effect, { seen, by });
  return { view: changeView(result, environment), exit: result.exit };
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
