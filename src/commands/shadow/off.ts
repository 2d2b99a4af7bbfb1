import { defineCommand } from '../command.js';
import { registerShadow, runShadow, shadowInput } from './change.js';

// The way back from shadow: what stood before "shadow on", or false where nobody recorded it.

export const command = defineCommand({
  register: registerShadow,
  examples: [
    'rlctl -e preview shadow off financial --reason "fixed"',
    'rlctl -e prod shadow off --route /api/search --reason "INC-42 is over" --confirm prod',
  ],
  input: shadowInput,
  action: (context, input) => runShadow(context, false, input),
});
