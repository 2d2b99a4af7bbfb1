import { eventSchema } from '../../domain/notify/schema.js';
import { schemaView } from '../../ui/schema-view.js';
import { defineCommand } from '../command.js';

// The form of an event, for whoever writes a receiver.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl notify schema > event.schema.json', "rlctl notify schema --jq '.schema.properties | keys'"],
  input: () => null,
  action: async () => ({ view: schemaView('EventSchema', eventSchema()), exit: 'ok' }),
});
