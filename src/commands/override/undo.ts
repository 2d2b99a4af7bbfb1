import { undoIntent } from '../../procedures/override/undo.js';
import { defineCommand } from '../command.js';
import { addMutationFlags, mutationInput } from '../mutation.js';
import { runChange } from './change.js';

// The way back of every "per-route override": the last change that still stands is taken back, exactly, and proven.

export const command = defineCommand({
  register: addMutationFlags,
  examples: [
    'rlctl -e preview override undo --dry-run',
    'rlctl -e prod override undo --reason "made it worse" --confirm prod',
  ],
  input: (_, flags) => mutationInput(flags),
  action: (context, mutation) => runChange(context, mutation, (ports) => undoIntent(ports, mutation.ifRevision)),
});
