import { overridesFileSchema } from '../../domain/overrides-file/schema.js';
import { schemaView } from '../../ui/schema-view.js';
import { defineCommand } from '../command.js';

// The form of a file of overrides, so that an editor completes and checks it while it is written.

export const command = defineCommand({
  register: () => undefined,
  examples: [
    'rlctl override schema > overrides.schema.json',
    "rlctl override schema --jq '.schema.properties.overrides.items.anyOf[0].properties | keys'",
  ],
  input: () => null,
  action: async () => ({ view: schemaView('OverridesSchema', overridesFileSchema()), exit: 'ok' }),
});
