import { defineCommand } from '../command.js';
import { runPanic } from './act.js';
import { addPanicFlags, panicInput } from './input.js';

// The runbook's "global kill switch": the platform's own where it is configured, else every flag, else one override that
// catches every route.

const help = [
  '',
  'It acts by the program of "killSwitch" where one is configured; else by the flag',
  'of every bucket where shadowDriver sets flags; else by an override for every',
  'route, in front of all others: what can be done from outside without a restart.',
].join('\n');

export const command = defineCommand({
  register: (c) => {
    addPanicFlags(c, ['overrides', 'flags', 'kill-switch']);
    c.addHelpText('after', help);
  },
  examples: [
    'rlctl -e preview panic global',
    'rlctl -e prod panic global --by overrides --reason INC-42 --confirm prod --wait 2m',
  ],
  input: (_, flags) => panicInput({ kind: 'global' }, flags),
  action: runPanic,
});
