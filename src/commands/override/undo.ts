import { undoIntent } from '../../procedures/override/undo.js';
import { lastFlips } from '../../domain/shadow/flag-flip.js';
import { defineCommand } from '../command.js';
import { addMutationFlags, mutationInput } from '../mutation.js';
import { flagFlips } from '../shadow/flips.js';
import { runChange } from './change.js';

// The way back of every "per-route override": the last change that still stands is taken back, exactly, and proven.

export const command = defineCommand({
  register: addMutationFlags,
  examples: [
    'rlctl -e preview override undo --dry-run',
    'rlctl -e prod override undo --reason "made it worse" --confirm prod',
  ],
  input: (_, flags) => mutationInput(flags),
  action: async (context, mutation) => {
    const environment = await context.environment(mutation.effect.settings);
    const past = { flips: lastFlips(await flagFlips(context, environment)), address: environment.address };
    return runChange(context, mutation, (ports) => undoIntent(ports, mutation.ifRevision, past));
  },
});
