import { defineCommand } from '../command.js';
import { attend } from './attend.js';
import { possible, rolloutFor, writtenDown } from './begin.js';
import { addChangeFlags, addDriveFlags, driveFlags, takeLease } from './flags.js';
import { confirmStep } from '../confirmation.js';
import { currentStage } from '../../domain/rollout/state.js';

// Goes on where a rollout stands: finishes what was cut off, without doing it twice, ends a pause, and watches the gates.

export const command = defineCommand({
  register: (c) => {
    addDriveFlags(c);
    addChangeFlags(c);
  },
  examples: ['rlctl -e prod rollout resume', 'rlctl -e prod rollout resume --take-over --auto --confirm prod'],
  input: (_, flags) => driveFlags(flags),
  action: async (context, flags) => {
    const environment = await context.environment(flags.mutation.effect.settings);
    const { state } = await rolloutFor(context, environment, 'resume', {
      isTakeOver: flags.isTakeOver,
      isLooking: flags.mutation.isDryRun,
    });
    if (flags.mutation.isDryRun) {
      const { rolloutStatus } = await import('./status.js');
      return rolloutStatus(context, environment);
    }
    // What was begun was confirmed then; what --auto enters was not.
    const isAsked = environment.isProtected && flags.isAuto && flags.mutation.confirm !== environment.name;
    if (isAsked) {
      const question = `Enter every stage after ${currentStage(state).name} that passes, on "${environment.name}"?`;
      await confirmStep(context, question, flags.mutation.isYes);
    }
    const session = await takeLease(context, environment, flags);
    await writtenDown(session, async () => {
      const { phase } = possible(session.state, 'resume', environment);
      if (phase === 'paused')
        await session.apply({ kind: 'resumed', atMs: session.nowMs(), by: await context.actor() });
    });
    return attend(context, environment, session, flags);
  },
});
