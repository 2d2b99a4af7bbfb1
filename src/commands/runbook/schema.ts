import { runbookSchema } from '../../domain/runbook/schema.js';
import { schemaView } from '../../ui/schema-view.js';
import { defineCommand } from '../command.js';

// The form of a runbook's file, so that an editor completes and checks it while it is written.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl runbook schema > runbook.schema.json', "rlctl runbook schema --jq '.schema.required'"],
  input: () => null,
  action: async () => ({ view: schemaView('RunbookSchema', runbookSchema()), exit: 'ok' }),
});
