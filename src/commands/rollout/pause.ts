import { Option } from 'commander';
import { rolloutView } from '../../ui/rollout-view.js';
import { defineCommand, textFlag, switchFlag } from '../command.js';
import { assertNoneOther } from '../confirmation.js';
import { confirmOption, mutationInput } from '../mutation.js';
import { possible, rolloutFor } from './begin.js';
import { addTakeOverFlag, takeLease } from './flags.js';

// Holds a rollout where it stands: nothing is promoted, and nothing is aborted by a gate, until it is resumed.

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--reason <text>', 'why; kept in the rollout'));
    addTakeOverFlag(c);
    c.addOption(confirmOption());
  },
  examples: ['rlctl -e prod rollout pause --reason "deploy under way"', 'rlctl -e prod rollout pause --take-over'],
  input: (_, flags) => ({
    reason: textFlag(flags, 'reason'),
    isTakeOver: switchFlag(flags, 'takeOver'),
    confirm: textFlag(flags, 'confirm'),
  }),
  action: async (context, { reason, isTakeOver, confirm }) => {
    const environment = await context.environment();
    assertNoneOther(environment, confirm);
    await rolloutFor(context, environment, 'pause', { isTakeOver, isLooking: false });
    const session = await takeLease(context, environment, { mutation: mutationInput({}), intervalMs: 0, isTakeOver });
    try {
      possible(session.state, 'pause', environment);
      const [atMs, by] = [session.nowMs(), await context.actor()];
      const state = await session.apply({ kind: 'paused', atMs, by, why: reason ?? '' });
      const kept = { state, lease: null, lapsed: null, serverTimeMs: atMs };
      const shown = { kept, environment, gates: null, changes: [], end: 'paused', intervalMs: null } as const;
      return { view: rolloutView({ ...shown, watch: 'given back' }), exit: 'ok' };
    } finally {
      await session.release();
    }
  },
});
