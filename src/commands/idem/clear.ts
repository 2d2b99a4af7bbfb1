import { idempotencyKey } from '../../domain/limiter-keys/keys.js';
import { defineCommand } from '../command.js';
import { addClearFlags, clearFlags, clearLimiterKey } from '../limiter-key.js';

// "Clearing an idempotency entry": the one key, if it still holds what was seen, and proof that it is gone.

export const command = defineCommand({
  register: (c) => {
    c.argument('<text>', 'the raw text of which the key holds the SHA-256, or its 64 hex digits');
    addClearFlags(c);
  },
  examples: [
    'rlctl -e prod idem clear POST:/api/checkout:user:42:booking:7 --dry-run',
    'rlctl -e prod idem clear POST:/api/checkout:user:42:booking:7 --confirm prod',
  ],
  input: ([text = ''], flags) => ({ text, flags: clearFlags(flags) }),
  action: (context, { text, flags }) => clearLimiterKey(context, flags, (namespace) => idempotencyKey(namespace, text)),
});
