import { defineCommand } from '../command.js';
import { runPanic } from './act.js';
import { addPanicFlags, addSpillFlag, panicInput } from './input.js';

// The runbook's "bucket shadow", as an emergency: by the bucket's flag, or by an override for each of its routes.

export const command = defineCommand({
  register: (c) => {
    c.argument('<bucket>', 'bucket, by its name or an alias');
    addPanicFlags(c, ['overrides', 'flags']);
    addSpillFlag(c);
  },
  examples: [
    'rlctl -e preview panic bucket financial',
    'rlctl -e prod panic bucket financial --reason "payments are refused" --confirm prod --wait 2m',
  ],
  input: ([name = ''], flags) => panicInput({ kind: 'bucket', name }, flags),
  action: runPanic,
});
