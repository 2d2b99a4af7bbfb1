import { defineCommand } from '../command.js';
import { runPanic } from './act.js';
import { addPanicFlags, panicInput } from './input.js';

// The runbook's "global kill switch": the platform's own where it is configured, else every flag, else one override that
// catches every route.

export const command = defineCommand({
  register: (c) => addPanicFlags(c, ['overrides', 'flags', 'kill-switch']),
  examples: [
    'rlctl -e preview panic global',
    'rlctl -e prod panic global --by overrides --reason INC-42 --confirm prod --wait 2m',
  ],
  input: (_, flags) => panicInput({ kind: 'global' }, flags),
  action: runPanic,
});
