import { unsetIntent } from '../../procedures/override/unset.js';
import { defineCommand } from '../command.js';
import { addMutationFlags, mutationInput } from '../mutation.js';
import { runChange } from './change.js';

// The end of a "per-route override": the entry is removed, every other byte stays, then a reload, then its proof.

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'key of the entry, exactly as "override list" shows it');
    addMutationFlags(c);
  },
  examples: [
    'rlctl -e preview override unset /api/search --reason "load is back to normal"',
    'rlctl -e prod override unset /api/search --dry-run',
  ],
  input: ([route = ''], flags) => ({ route, mutation: mutationInput(flags) }),
  action: (context, { route, mutation }) => runChange(context, mutation, () => unsetIntent(route, mutation.ifRevision)),
});
