import { defineCommand } from '../command.js';
import { registerShadow, runShadow, shadowInput } from './change.js';

// The runbook's "bucket shadow" and "route override with shadow: true": count and report, block nobody.

export const command = defineCommand({
  register: registerShadow,
  examples: [
    'rlctl -e preview shadow on financial --reason "payments are being refused"',
    'rlctl -e prod shadow on --route /api/search --reason INC-42 --confirm prod',
    'rlctl -e prod shadow on --all --dry-run',
  ],
  input: shadowInput,
  action: (context, input) => runShadow(context, true, input),
});
