import { rolloutPlanSchema } from '../../domain/rollout/plan-file.js';
import { schemaView } from '../../ui/schema-view.js';
import { defineCommand } from '../command.js';

// The form of a plan, so that an editor completes and checks it while it is written.

export const command = defineCommand({
  register: () => undefined,
  examples: [
    'rlctl rollout schema > rollout.schema.json',
    "rlctl rollout schema --jq '.schema.properties.stages.items.properties | keys'",
  ],
  input: () => null,
  action: async () => ({ view: schemaView('RolloutPlanSchema', rolloutPlanSchema()), exit: 'ok' }),
});
