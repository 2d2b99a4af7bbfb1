import { defineCommand } from '../command.js';
import { registerShadowOn, runShadow, shadowOnInput } from './change.js';

// The runbook's "bucket shadow" and "route override with shadow: true": count and report, block nobody.

export const command = defineCommand({
  register: registerShadowOn,
  examples: [
    'rlctl -e preview shadow on financial --reason "payments are being refused"',
    'rlctl -e prod shadow on --route /api/search --for 2h --reason INC-42 --confirm prod',
    'rlctl -e prod shadow on --all --dry-run',
  ],
  input: shadowOnInput,
  action: (context, input) => runShadow(context, true, input),
});
