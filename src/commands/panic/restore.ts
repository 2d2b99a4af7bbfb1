import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { panicSummary } from '../../domain/notify/summary.js';
import { overlapRemarks } from '../../domain/panic/overlap.js';
import { openPanic, panicOf, targetOfCommand, type Panic } from '../../domain/panic/panics.js';
import { parsePanicId } from '../../domain/panic/target.js';
import { undoOperationIntent } from '../../procedures/override/undo-operation.js';
import { changeView, planView } from '../../ui/change-view.js';
import { restoredView } from '../../ui/panic-view.js';
import { announce, withReports } from '../announce.js';
import { defineCommand, type Outcome } from '../command.js';
import { addExemptFlags, mutationInput, type MutationInput } from '../mutation.js';
import { makeChange } from '../override/change.js';
import { panicsOf } from './kept.js';
import type { Restored } from './restored.js';

// The way back of an emergency rollback: exactly what stood before it, proven; and nothing at all where somebody changed it
// since.

export const command = defineCommand({
  register: (c) => {
    c.argument('[id]', 'which panic; it may be left out where only one is open');
    addExemptFlags(c);
  },
  examples: [
    'rlctl -e preview panic restore --dry-run',
    'rlctl -e prod panic restore p-1a2b3c4d --reason "it is over" --confirm prod',
  ],
  input: ([id], flags) => ({ id: id === undefined ? null : parsePanicId(id), mutation: mutationInput(flags) }),
  action: async (context, { id, mutation }) => {
    const environment = await context.environment(mutation.effect.settings);
    context.progress.step('looking for open panics');
    const panics = await panicsOf(context, environment);
    const panic = openPanic(panics, id, context.changeId);
    return restore(context, environment, panic, panics, mutation);
  },
});

async function restore(
  context: Context,
  environment: Environment,
  panic: Panic,
  panics: readonly Panic[],
  mutation: MutationInput,
): Promise<Outcome> {
  const made = await restoredBy(context, environment, panic, panics, mutation);
  if ('planned' in made) return { view: made.planned, exit: 'ok' };
  const view = restoredView(made.view, panic);
  if (mutation.isTelling === false) return { view, exit: made.exit };
  const told = announce(context, environment, {
    kind: 'panic',
    event: 'panic.restored',
    changeId: made.changeId,
    command: 'panic restore',
    summary: panicSummary({ ...panic, isRestored: true }, { environment: environment.name, verdict: made.verdict }),
    routes: panic.changed,
    verdict: made.verdict,
    reason: mutation.reason,
    ticket: mutation.ticket,
    partOf: [...context.partOf, { kind: 'panic', id: panic.id }],
    sinceMs: panic.atMs,
  });
  return { view: await withReports(view, told), exit: made.exit };
}

const platformRemark = 'a switch that somebody set on the platform by hand is not set back by this';

async function restoredBy(
  context: Context,
  environment: Environment,
  panic: Panic,
  panics: readonly Panic[],
  mutation: MutationInput,
): Promise<Restored> {
  if (panic.way === 'flags')
    return (await import('./restore-flags.js')).restoreFlags(context, environment, panic, mutation);
  if (panic.way === 'kill-switch')
    return (await import('./restore-switch.js')).restoreSwitch(context, environment, panic, mutation);
  const routesOf = (bucket: string): readonly string[] =>
    allBuckets(environment).find(({ names }) => names.includes(bucket))?.routes ?? [];
  const byHand = targetOfCommand(panic.command)?.kind === 'global' ? [platformRemark] : [];
  const remarks = [...overlapRemarks(panic, panics, routesOf), ...byHand];
  const made = await makeChange(context, mutation, (ports) => ({
    ...undoOperationIntent(ports, {
      command: 'panic restore',
      belongs: ({ body }) => panicOf(body)?.id === panic.id,
      ifRevision: mutation.ifRevision,
      what: `the panic ${panic.id}`,
      partOf: [{ kind: 'panic', id: panic.id }],
    }),
    remarks: () => remarks,
  }));
  if (made.kind === 'planned') return { planned: planView(made.plan, made.environment) };
  const { result } = made;
  return {
    view: changeView(result, made.environment),
    exit: result.exit,
    changeId: result.written?.changeId ?? null,
    verdict: result.effect.proof.verdict,
  };
}
