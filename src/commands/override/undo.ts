import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import type { TakingBack } from '../../procedures/override/behind-last.js';
import { restoreIntent } from '../../procedures/override/restore.js';
import { undoIntent } from '../../procedures/override/undo.js';
import { lastFlips } from '../../domain/shadow/flag-flip.js';
import { defineCommand, textFlag } from '../command.js';
import { lastDocumentReload } from '../last-reload.js';
import { addExemptFlags, mutationInput } from '../mutation.js';
import { flagFlips } from '../shadow/flips.js';
import { runChange } from './change.js';

// The way back of every "per-route override": the last change that still stands is taken back, exactly, and proven; or a
// whole earlier document comes back.

export const command = defineCommand({
  register: (c) => {
    c.addOption(
      new Option(
        '--to <revision|change>',
        'bring back the whole document of a revision, or as a change left it, to the byte',
      ),
    );
    addExemptFlags(c);
    c.addHelpText(
      'after',
      `
What takes others back (an undo, panic restore, shadow off, incident end, rollout abort) is
passed over, and the change before it is meant: that one goes where it is your own and belongs to
nothing that is open. Otherwise it is refused (6), and the ways on are named. --to brings back
what a take-back took away.`,
    );
  },
  examples: [
    'rlctl -e preview override undo --dry-run',
    'rlctl -e prod override undo --reason "made it worse" --confirm prod',
    'rlctl -e prod override undo --to 3f2a9c01d5e7 --reason "back to Friday" --confirm prod',
  ],
  input: (_, flags) => {
    const to = textFlag(flags, 'to');
    if (to !== null && !/^(?:[0-9a-f]{8,64}|[0-9a-z]{12,64})$/.test(to)) {
      throw usageError(
        `--to: "${to}" is neither a revision nor a change id`,
        'Give a change id, or at least 8 hex digits of a revision, as "rlctl override history" prints them.',
      );
    }
    return { to, mutation: mutationInput(flags) };
  },
  action: async (context, { to, mutation }) => {
    const environment = await context.environment(mutation.effect.settings);
    const once = { lastReload: () => lastDocumentReload(context, environment) };
    if (to !== null)
      return runChange(context, mutation, (ports) => restoreIntent(ports, to, mutation.ifRevision, once));
    const past = {
      ...once,
      by: takingBack(context, environment),
      flips: lastFlips(await flagFlips(context, environment)),
      address: environment.address,
    };
    return runChange(context, mutation, (ports) => undoIntent(ports, mutation.ifRevision, past));
  },
});

/** What is open is read only where it decides. */
function takingBack(context: Context, environment: Environment): TakingBack {
  return {
    actor: () => context.actor(),
    partOf: context.partOf,
    operations: async () =>
      (await import('../open-operations.js')).operationsOf(context, environment, context.deadline),
  };
}
