import { lockKey } from '../../domain/limiter-keys/keys.js';
import { defineCommand } from '../command.js';
import { addClearFlags, clearFlags, clearLimiterKey } from '../limiter-key.js';

// "Clearing a stuck lock": the one key, if it still holds what was seen, and proof that it is gone.

export const command = defineCommand({
  register: (c) => {
    c.argument('<user>', 'the user’s id, as 42 or user:42').argument(
      '<name>',
      'what is locked: the route (handbook), or checkout (as deployed)',
    );
    addClearFlags(c);
  },
  examples: ['rlctl -e prod lock clear 42 checkout --dry-run', 'rlctl -e prod lock clear 42 checkout --confirm prod'],
  input: ([user = '', name = ''], flags) => ({ user, name, flags: clearFlags(flags) }),
  action: (context, { user, name, flags }) =>
    clearLimiterKey(context, flags, (namespace) => lockKey(namespace, user, name)),
});
