import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { Incident } from '../../domain/incident/incident.js';
import { changedMeanwhile } from '../../procedures/incident/refusals.js';
import type { FlagPlan } from '../../procedures/shadow/change-flags.js';
import { previewText } from '../../ui/change-view.js';
import { flagPreviewText } from '../../ui/shadow-view.js';
import { canAsk, confirmChange } from '../confirmation.js';
import type { MutationInput } from '../mutation.js';
import type { ChangeMade } from '../override/change.js';
import type { Seen } from './look.js';
import { asEnd, takeDocumentBack, takeFlagsBack } from './way-back.js';

// Overrides and flags go back by different means, and are agreed to as one.

export interface ToTakeBack {
  readonly context: Context;
  readonly environment: Environment;
  readonly incident: Incident;
  readonly mutation: MutationInput;
  readonly seen: Seen;
}

interface PlannedBack {
  readonly document: Extract<ChangeMade, { readonly kind: 'planned' }>;
  readonly flags: readonly FlagPlan[];
}

/** What would be taken back, of the document and of the flags. Changes nothing; throws what would stand in the way. */
export async function plannedBack(
  { context, environment, incident, seen }: ToTakeBack,
  mutation: MutationInput,
): Promise<PlannedBack> {
  const dry = { ...mutation, isDryRun: true };
  const document = await takeDocumentBack(context, incident, dry);
  const flags = await takeFlagsBack(context, environment, { ...seen, incident }, asEnd(dry, incident));
  if (document.kind !== 'planned') throw new TypeError('a dry run makes no change');
  return { document, flags: flags.flatMap((made) => (made.kind === 'planned' ? [made.plan] : [])) };
}

/**
 * Plans all of it before anything is written, and where somebody can be asked shows all of it and asks once. Throws a
 * conflict (5) where it changed between the question and the answer.
 */
export async function agreedToAll(ended: ToTakeBack): Promise<MutationInput> {
  const { context, environment, incident, mutation } = ended;
  const { name, isProtected } = environment;
  // As if it were agreed to: what is left to be confirmed is no remark of a plan that is shown with the question.
  const agreed = { ...mutation, confirm: name, isYes: true };
  const isToAsk = isProtected && canAsk(context) && mutation.confirm === null;
  const { document, flags } = await plannedBack(ended, isToAsk ? agreed : mutation);
  if (!isToAsk) return mutation;
  await confirmChange(context, environment, mutation, {
    isNoop: document.plan.isNoop && flags.every(({ isNoop }) => isNoop),
    isReloading: mutation.effect.isReloading,
    preview: async () => {
      const theme = await context.theme();
      const parts = flags.map((plan) => flagPreviewText(plan, theme));
      return [previewText(document.plan, environment, theme), ...parts].join('\n\n');
    },
  });
  const now = await plannedBack(ended, agreed);
  if (linesOf(now.flags) !== linesOf(flags)) throw changedMeanwhile(incident.id);
  return { ...agreed, ifRevision: mutation.ifRevision ?? document.plan.revisionBefore };
}

function linesOf(plans: readonly FlagPlan[]): string {
  return JSON.stringify(
    plans.map(({ flags }) => flags.map(({ variable, before, after }) => [variable, before, after])),
  );
}
