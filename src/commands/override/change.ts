import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { Detected } from '../../domain/dialect/dialect.js';
import { applyChange, type ChangePorts } from '../../procedures/override/change.js';
import { planChange, type ChangeIntent } from '../../procedures/override/plan.js';
import { preflight } from '../../procedures/preflight.js';
import { changeView, planView, previewText } from '../../ui/change-view.js';
import type { Outcome } from '../command.js';
import { confirmChange } from '../confirmation.js';
import { recall, remember } from '../detection.js';
import {
  assertRequirements,
  authorOf,
  changePorts,
  effectInput,
  withRequirements,
  type MutationInput,
} from '../mutation.js';
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
  const asked = { intent: intentOf(ports), isReloading: wanted.reload !== null, seen };
  const intent = await underGuards(context, environment, input, asked, ports);
  const [plan, reload] = await together([
    planChange(ports, intent).then((planned) => {
      if (!planned.isNoop && !input.isDryRun) assertRequirements(environment, input);
      return planned;
    }),
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

/** Where nothing is guarded, nothing of it is loaded. */
async function underGuards(
  context: Context,
  environment: Environment,
  input: MutationInput,
  asked: { readonly intent: ChangeIntent; readonly isReloading: boolean; readonly seen: Detected | null },
  ports: ChangePorts,
): Promise<ChangeIntent> {
  if (environment.guards.length === 0 && input.overriddenGuards.length === 0) return asked.intent;
  const { guarded } = await import('../guards.js');
  return guarded(context, environment, input, asked, ports);
}
