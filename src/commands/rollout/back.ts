import type { Context } from '../../context.js';
import { currentStage } from '../../domain/rollout/state.js';
import { rolloutBackView } from '../../ui/rollout-plan-view.js';
import type { Outcome } from '../command.js';
import { attend } from './attend.js';
import { agree, possible, rolloutFor, writtenDown } from './begin.js';
import { workOf } from './drive.js';
import { saidAtStart, takeLease, type DriveFlags } from './flags.js';
import { takeBack } from './take-back.js';

/** Takes back the stage that a rollout is in, or all of it: shown, confirmed, written down, done and proven. */
export async function goBack(context: Context, flags: DriveFlags, action: 'abort' | 'undo'): Promise<Outcome> {
  const environment = await context.environment(flags.mutation.effect.settings);
  const { isDryRun: isLooking } = flags.mutation;
  const { state } = await rolloutFor(context, environment, action, { isTakeOver: flags.isTakeOver, isLooking });
  const stage = action === 'abort' ? currentStage(state) : null;
  const mine = { ...flags, mutation: saidAtStart(flags.mutation, state) };
  const dry = { environment, mutation: { ...mine.mutation, isDryRun: true } };
  const planned = await takeBack(context, dry, state, stage);
  const preview = rolloutBackView({ environment, state, stage, changes: planned.views });
  if (flags.mutation.isDryRun) return { view: preview, exit: 'ok' };
  await agree(context, environment, mine, { command: `rollout ${action}`, planned, preview });
  const session = await takeLease(context, environment, flags);
  await writtenDown(session, async () => {
    const { phase } = possible(session.state, action, environment);
    const why = flags.mutation.reason ?? `rollout ${action}`;
    const work = await workOf({ context, session }, why, 'operator', context.changeId);
    // What is under way already goes on under its own id.
    if (phase === (action === 'abort' ? 'aborting' : 'undoing')) return;
    await session.apply({ kind: action === 'abort' ? 'abortBegun' : 'undoBegun', work });
  });
  return attend(context, environment, session, mine);
}
