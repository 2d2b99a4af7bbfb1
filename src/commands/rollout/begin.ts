import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand } from '../../domain/demand.js';
import { RlctlError } from '../../domain/errors.js';
import { refusalOf, type RolloutAction } from '../../domain/rollout/actions.js';
import type { RolloutState } from '../../domain/rollout/state.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { assertNotDriven, readRollout, type RolloutSession } from '../../procedures/rollout/session.js';
import { render, type View } from '../../ui/view.js';
import { confirmChange } from '../confirmation.js';
import { changeDemands } from '../demands.js';
import { runOf, sessionPorts, type DriveFlags } from './flags.js';
import type { Made } from './made.js';

/** The rollout on which an action is possible; throws what stands in the way: first of all somebody else who drives it. */
export async function rolloutFor(
  context: Context,
  environment: Environment,
  action: Exclude<RolloutAction, 'start'>,
  { isTakeOver, isLooking }: { readonly isTakeOver: boolean; readonly isLooking: boolean },
): Promise<{ readonly state: RolloutState; readonly nowMs: number }> {
  const read = readRollout(await sessionPorts(context, environment));
  const kept = await beforeAnything(read, 'changed');
  const { state, serverTimeMs } = kept;
  if (!isLooking) assertNotDriven(kept, { environment: environment.name, run: runOf(context), isTakeOver });
  return { state: possible(state, action, environment), nowMs: serverTimeMs };
}

/** The same of what is read again with the lease in hand. */
export function possible(
  state: RolloutState | null,
  action: Exclude<RolloutAction, 'start'>,
  { name }: Environment,
): RolloutState {
  const refusal = refusalOf(state, action, name);
  if (refusal !== null) throw refusal;
  if (state === null) throw new TypeError('a rollout that is possible is there');
  return state;
}

/** Everything that is asked of a change before it is written down: what it must carry, and that somebody confirms it. */
export async function agree(
  context: Context,
  environment: Environment,
  { mutation }: Pick<DriveFlags, 'mutation'>,
  { command, planned, preview }: { readonly command: string; readonly planned: Made; readonly preview: View },
): Promise<void> {
  const about = { isNoop: planned.isNoop, isReloading: mutation.effect.isReloading };
  const demands = changeDemands(context, environment, mutation, about);
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand(command, demands);
  await confirmChange(context, environment, mutation, {
    ...about,
    preview: async () => {
      const text = await render(preview, { format: 'table', jq: null }, await context.theme());
      return text.trimEnd();
    },
  });
}

/** What is written down with the lease in hand; where that fails, the lease is given back at once. */
export async function writtenDown<T>(session: RolloutSession, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    await session.letGo();
    throw error;
  }
}

/** Throws where gates that have not passed are gone past without saying why. */
export function assertReasonForForce({ mutation }: Pick<DriveFlags, 'mutation'>): void {
  if ((mutation.reason?.trim() ?? '') !== '') return;
  throw new RlctlError('guard', '--force goes past gates that have not passed, and wants a reason', {
    code: 'REASON_MISSING',
    hint: 'Add --reason TEXT.',
  });
}
