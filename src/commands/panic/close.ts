import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand } from '../../domain/demand.js';
import type { Closing } from '../../domain/panic/kept.js';
import type { Panic } from '../../domain/panic/panics.js';
import { leftRemarks, takenOutRemarks, type Left } from '../../domain/panic/restoration.js';
import type { HandedFlag } from '../../procedures/panic/keep.js';
import { unwrittenView } from '../../ui/panic-view.js';
import { confirmChange } from '../confirmation.js';
import { changeDemands } from '../demands.js';
import type { MutationInput } from '../mutation.js';
import { keepOver } from './kept.js';
import type { Restored, ToRestore } from './restored.js';

/** What becomes of what a panic set that is closed without a write. */
interface Unwritten {
  readonly left: readonly Left[];
  readonly handed?: readonly HandedFlag[];
  readonly leaves?: Closing['leaves'];
}

/** Closes a panic of which nothing has to be put back, because it is back or because others stand on it. */
export async function closeUnwritten(
  context: Context,
  environment: Environment,
  { panic, mutation: { isDryRun, reason } }: Pick<ToRestore, 'panic' | 'mutation'>,
  { left, handed = [], leaves = [] }: Unwritten,
): Promise<Restored> {
  const closing = { ...(reason === null ? {} : { reason }), ...(leaves.length === 0 ? {} : { leaves }) };
  const isKept = isDryRun || (await keepOver(context, environment, panic, { closing, handed, left }));
  const view = unwrittenView(panic, environment, {
    why: whyNothing(panic, left),
    remarks: [...leftRemarks(left), ...takenOutRemarks(panic)],
    isDryRun,
  });
  if (isDryRun) return { planned: view };
  return { view, exit: isKept ? 'ok' : 'unproven', changeId: null, verdict: null };
}

function whyNothing({ changed }: Panic, left: readonly Left[]): string {
  if (left.length > 0) return 'what it stands on stays, because another open panic stands on it';
  return changed.length === 0 ? 'it changed nothing itself' : 'nothing that it changed stands any more';
}

/** Closes a panic and leaves everything as it stands now, on purpose. */
export async function leaveAsIs(
  context: Context,
  environment: Environment,
  panic: Panic,
  mutation: MutationInput,
): Promise<Restored> {
  const { isDryRun, reason } = mutation;
  const why = 'what it changed is left as it is now, on purpose';
  const view = unwrittenView(panic, environment, { why, remarks: [], isDryRun, isLeft: true });
  if (isDryRun) return { planned: view };
  const about = { isNoop: false, isReloading: false };
  const demands = changeDemands(context, environment, { ...mutation, end: { kind: 'permanent' } }, about);
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand('panic restore', demands);
  const preview = (): Promise<string> =>
    Promise.resolve(`about to close panic ${panic.id} (${panic.command}) and to leave what it changed as it is`);
  await confirmChange(context, environment, mutation, { ...about, preview });
  const closing = { isLeft: true as const, ...(reason === null ? {} : { reason }) };
  const isKept = await keepOver(context, environment, panic, { closing });
  return { view, exit: isKept ? 'ok' : 'unproven', changeId: null, verdict: null };
}
