import type { Context } from '../../context.js';
import { currentStage } from '../../domain/rollout/state.js';
import { rolloutBackView } from '../../ui/rollout-plan-view.js';
import type { Outcome } from '../command.js';
import { attend } from './attend.js';
import { agree, possible, rolloutFor } from './begin.js';
import { workOf } from './drive.js';
import { takeLease, type DriveFlags } from './flags.js';
import { takeBack } from './make.js';

/** Takes back the stage that a rollout is in, or all of it: shown, confirmed, written down, done and proven. */
export async function goBack(context: Context, flags: DriveFlags, action: 'abort' | 'undo'): Promise<Outcome> {
  const environment = await context.environment(flags.mutation.effect.settings);
  const { state } = await rolloutFor(context, environment, action);
  const stage = action === 'abort' ? currentStage(state) : null;
  const dry = { environment, mutation: { ...flags.mutation, isDryRun: true }, isSpillAllowed: true };
  const planned = await takeBack(context, dry, state, stage);
  const preview = rolloutBackView({ environment, state, stage, changes: planned.views });
  if (flags.mutation.isDryRun) return { view: preview, exit: 'ok' };
  const mine = { ...flags, mutation: { ...flags.mutation, reason: flags.mutation.reason ?? state.reason } };
  await agree(context, environment, mine, { command: `rollout ${action}`, planned, preview });
  const session = await takeLease(context, environment, flags);
  try {
    const current = possible(session.state, action, environment);
    const isBegun = current.phase === (action === 'abort' ? 'aborting' : 'undoing');
    const work = await workOf(
      { context, session },
      flags.mutation.reason ?? `rollout ${action}`,
      'operator',
      context.changeId,
    );
    // What is under way already goes on under its own id.
    if (!isBegun) await session.apply({ kind: action === 'abort' ? 'abortBegun' : 'undoBegun', work });
  } catch (error) {
    await session.release();
    throw error;
  }
  return attend(context, environment, session, mine);
}
