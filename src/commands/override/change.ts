import type { Context } from '../../context.js';
import { applyChange } from '../../procedures/override/change.js';
import { planChange, type ChangeIntent } from '../../procedures/override/plan.js';
import { preflight } from '../../procedures/preflight.js';
import { changeView, planView, previewText } from '../../ui/change-view.js';
import type { Outcome } from '../command.js';
import { confirmWrite } from '../confirmation.js';
import { recall, remember } from '../detection.js';
import { authorOf, changePorts, effectInput, type MutationInput } from '../mutation.js';

/**
 * What every changing verb does with its intent: everything that can fail is tried before the write, the plan is shown,
 * confirmed where needed, written, reloaded and proven.
 */
export async function runChange(
  context: Context,
  input: MutationInput,
  intentOf: (ports: Awaited<ReturnType<typeof changePorts>>) => ChangeIntent,
): Promise<Outcome> {
  const environment = await context.environment(input.effect.settings);
  const ports = await changePorts(context, environment);
  context.progress.step('reading the document');
  const intent = intentOf(ports);
  const seen = await recall(context, environment);
  const wanted = await effectInput(context, environment, input.effect, seen);
  const author = input.isDryRun ? null : await authorOf(context, environment, input);
  const [plan, reload] = await together([
    planChange(ports, intent),
    wanted.reload && preflight(ports, wanted.reload, intent.routes[0] ?? '/', { isRequired: true }),
  ]);
  if (author === null) return { view: planView(plan, environment), exit: 'ok' };
  const effect = { ...wanted, reload };
  if (environment.isProtected && !plan.isNoop) {
    await context.note(previewText(plan, await context.theme()));
    await confirmWrite(context, environment, input);
  }
  const result = await applyChange(ports, plan, author, effect, (text) => context.progress.step(text));
  await remember(context, environment, result.effect, seen);
  return { view: changeView(result, environment), exit: result.exit };
}

/** Both at once, because neither needs the other; the first one's failure is the one to tell, whichever was faster. */
async function together<A, B>(work: readonly [A | Promise<A>, B | Promise<B>]): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled(work);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
