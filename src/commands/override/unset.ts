import { unsetIntent } from '../../procedures/override/unset.js';
import { defineCommand } from '../command.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput } from '../mutation.js';
import { runChange } from './change.js';

// The end of a "per-route override": the entry is removed, every other byte stays, then a reload, then its proof.

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'key of the entry, exactly as "override list" shows it');
    addMutationFlags(c);
    addEndFlags(c);
  },
  examples: [
    'rlctl -e preview override unset /api/search --reason "load is back to normal"',
    'rlctl -e prod override unset /api/search --for 30m --dry-run',
  ],
  input: ([route = ''], flags) => {
    const end = endOf(flags);
    return { route, mutation: mutationInput(flags, end.kind === 'unsaid' ? { kind: 'permanent' } : end) };
  },
  action: (context, { route, mutation }) =>
    runChange(context, mutation, () => unsetIntent(route, mutation.end, mutation.ifRevision)),
});
