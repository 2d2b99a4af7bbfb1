import { lockKey } from '../../domain/limiter-keys/keys.js';
import { defineCommand } from '../command.js';
import { showKey } from '../limiter-key.js';

// "Clearing a stuck lock" begins with a look: what is held, by what value, and when it ends by itself.

export const command = defineCommand({
  register: (c) => {
    c.argument('<user>', 'the user’s id, as 42 or user:42').argument(
      '<name>',
      'what is locked: the route (handbook), or checkout (as deployed)',
    );
  },
  examples: ['rlctl -e prod lock show 42 checkout', "rlctl -e prod lock show user:42 /api/checkout --jq '.ttlMs'"],
  input: ([user = '', name = '']) => ({ user, name }),
  action: (context, { user, name }) => showKey(context, (namespace) => lockKey(namespace, user, name)),
});
