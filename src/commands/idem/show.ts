import { idempotencyKey } from '../../domain/limiter-keys/keys.js';
import { defineCommand } from '../command.js';
import { showKey } from '../limiter-key.js';

// "Inspecting an idempotency entry": what a repeated request would be answered, and for how long.

export const command = defineCommand({
  register: (c) => {
    c.argument('<text>', 'the raw text of which the key holds the SHA-256, or its 64 hex digits');
  },
  examples: [
    'rlctl -e prod idem show POST:/api/checkout:user:42:booking:7',
    "rlctl -e prod idem show POST:/api/checkout:user:42:booking:7 --jq '.value | fromjson'",
  ],
  input: ([text = '']) => ({ text }),
  action: (context, { text }) => showKey(context, (namespace) => idempotencyKey(namespace, text)),
});
