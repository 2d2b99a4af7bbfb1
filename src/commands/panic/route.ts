import { defineCommand } from '../command.js';
import { runPanic } from './act.js';
import { addPanicFlags, addSpillFlag, panicInput } from './input.js';

// The runbook's "route override with shadow: true", as an emergency: everything under a prefix passes and is counted.

export const command = defineCommand({
  register: (c) => {
    c.argument('<prefix>', 'route prefix');
    addPanicFlags(c, []);
    addSpillFlag(c);
  },
  examples: [
    'rlctl -e preview panic route /api/search',
    'rlctl -e prod panic route /api/search --reason INC-42 --confirm prod --wait 2m',
  ],
  input: ([route = ''], flags) => panicInput({ kind: 'route', route }, flags),
  action: runPanic,
});
