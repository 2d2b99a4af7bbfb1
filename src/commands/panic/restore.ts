import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { lostError } from '../../domain/override/lost-history.js';
import { openPanic, targetOfCommand, type Panic } from '../../domain/panic/panics.js';
import { leftToOthers, restorationOf, takenOutRemarks } from '../../domain/panic/restoration.js';
import { parsePanicId } from '../../domain/panic/target.js';
import { restorePanicIntent } from '../../procedures/panic/restore-intent.js';
import { HeirClosed } from '../../procedures/panic/keep.js';
import type { RecordedPanics } from '../../procedures/panic/panics.js';
import { changeView, planView } from '../../ui/change-view.js';
import { restoredView } from '../../ui/panic-view.js';
import { withReports } from '../announce.js';
import { defineCommand, switchFlag, type Outcome } from '../command.js';
import { addExemptFlags, mutationInput } from '../mutation.js';
import { makeChange } from '../override/change.js';
import { closeUnwritten, leaveAsIs } from './close.js';
import { announceEnded } from './announce-ended.js';
import { keepOver, recordedPanics } from './kept.js';
import type { Restored, ToRestore } from './restored.js';

// The way back of an emergency rollback: exactly what stood before it, proven; and nothing at all where somebody changed it
// since.

const help = [
  '',
  'What another open panic stands on stays until that one is restored: the last one',
  'puts back what stood before the first. Where somebody changed it since, nothing',
  'is written (5); --leave closes such a panic and changes nothing.',
].join('\n');

export const command = defineCommand({
  register: (c) => {
    c.argument('[id]', 'which panic; it may be left out where only one is open');
    c.addOption(new Option('--leave', 'close it, and leave what stands there now as it is'));
    addExemptFlags(c);
    c.addHelpText('after', help);
  },
  examples: [
    'rlctl -e preview panic restore --dry-run',
    'rlctl -e prod panic restore p-1a2b3c4d --reason "it is over" --confirm prod',
  ],
  input: ([id], flags) => ({
    id: id === undefined ? null : parsePanicId(id),
    isLeaving: switchFlag(flags, 'leave'),
    mutation: mutationInput(flags),
  }),
  action: async (context, { id, isLeaving, mutation }) => {
    const environment = await context.environment(mutation.effect.settings);
    context.progress.step('looking for open panics');
    const recorded = await beforeAnything(recordedPanics(context, environment), 'changed');
    const panic = chosenPanic(recorded, id, context.changeId);
    const wanted = { ...recorded, panic, mutation };
    const made = isLeaving
      ? await leaveAsIs(context, environment, panic, mutation)
      : await restoredAtLast(context, environment, wanted);
    return told(context, environment, wanted, made, isLeaving);
  },
});

/** Where the history was removed, a panic that is not known may be open all the same. */
function chosenPanic({ panics, stored }: RecordedPanics, id: string | null, changeId: string | null): Panic {
  try {
    return openPanic(panics, id, changeId);
  } catch (error) {
    if (!(error instanceof RlctlError) || !['NO_PANIC', 'UNKNOWN_PANIC'].includes(error.code)) throw error;
    throw lostError(error.message, stored) ?? error;
  }
}

/** Shows it, and tells whoever wants to know. */
async function told(
  context: Context,
  environment: Environment,
  { panic, mutation }: ToRestore,
  made: Restored,
  isLeft: boolean,
): Promise<Outcome> {
  if ('planned' in made) return { view: made.planned, exit: 'ok' };
  const view = restoredView(made.view, panic, isLeft);
  if (mutation.isTelling === false) return { view, exit: made.exit };
  const { reason, ticket } = mutation;
  const reports = announceEnded(context, environment, panic, {
    ...made,
    isLeft,
    command: 'panic restore',
    reason,
    ticket,
  });
  return { view: await withReports(view, reports), exit: made.exit };
}

/** Of panics that are restored at once, the second puts back what the first left to it. */
async function restoredAtLast(
  context: Context,
  environment: Environment,
  wanted: ToRestore & RecordedPanics,
): Promise<Restored> {
  try {
    return await withOrphans(context, environment, wanted, await restoredBy(context, environment, wanted));
  } catch (error) {
    if (!(error instanceof HeirClosed)) throw error;
    context.progress.step('a panic that this one left something to was closed meanwhile; deciding anew');
    const recorded = await recordedPanics(context, environment);
    const panic = openPanic(recorded.panics, wanted.panic.id, context.changeId);
    return restoredAtLast(context, environment, { ...wanted, ...recorded, panic });
  }
}

/**
 * What was left to a panic that ended at the same moment by a change of the document is left to nobody: of two, at least
 * the one that looks last sees that both are closed.
 */
async function withOrphans(
  context: Context,
  environment: Environment,
  wanted: ToRestore,
  made: Restored,
): Promise<Restored> {
  const { panic, panics, mutation } = wanted;
  if ('planned' in made || panic.way !== 'overrides' || leftToOthers(panic, panics).length === 0) return made;
  const recorded = await recordedPanics(context, environment);
  const now = recorded.panics.find(({ id }) => id === panic.id) ?? panic;
  if (restorationOf(now, recorded.panics, recorded.history).entries.length === 0) return made;
  const rest = { ...recorded, panic: now, mutation: { ...mutation, ifRevision: null } };
  return restoredBy({ ...context, changeId: null }, environment, rest);
}

const platformRemark = 'a switch that somebody set on the platform by hand is not set back by this';

async function restoredBy(
  context: Context,
  environment: Environment,
  wanted: ToRestore & RecordedPanics,
): Promise<Restored> {
  const { panic, panics, history, mutation } = wanted;
  if (panic.way === 'flags') return (await import('./restore-flags.js')).restoreFlags(context, environment, wanted);
  if (panic.way === 'kill-switch')
    return (await import('./restore-switch.js')).restoreSwitch(context, environment, wanted);
  const foreseen = restorationOf(panic, panics, history);
  // A run that was cut off may have restored it: then it is proven once more.
  if (panic.restored === null && foreseen.entries.length === 0)
    return closeUnwritten(context, environment, wanted, foreseen);
  const byHand = targetOfCommand(panic.command)?.kind === 'global' ? [platformRemark] : [];
  const change = makeChange(context, mutation, () =>
    restorePanicIntent({
      id: panic.id,
      ifRevision: mutation.ifRevision,
      remarks: [...byHand, ...takenOutRemarks(panic)],
      judge: async (stored) => {
        const now = await recordedPanics(context, environment, stored);
        const same = now.panics.find(({ id }) => id === panic.id) ?? panic;
        return { restoration: restorationOf(same, now.panics, now.history), history: now.history };
      },
    }),
  );
  const made = await beforeAnything(change, 'changed');
  if (made.kind === 'planned') return { planned: planView(made.plan, made.environment) };
  const { result } = made;
  if (result.written === null && panic.restored === null) {
    const { leaves, left } = foreseen;
    await keepOver(context, environment, panic, { closing: leaves.length === 0 ? {} : { leaves }, left });
  }
  return {
    view: changeView(result, made.environment),
    exit: result.exit,
    changeId: result.written?.changeId ?? null,
    verdict: result.effect.proof.verdict,
  };
}
