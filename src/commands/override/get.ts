import { findListed, listOverrides } from '../../procedures/override/inspect.js';
import { overrideView } from '../../ui/override-view.js';
import { defineCommand } from '../command.js';

// One entry of the document: its exact bytes, what the server makes of them, and who set it.

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'key of the entry, exactly as "override list" shows it');
  },
  examples: ['rlctl -e prod override get /api/search', 'rlctl -e prod override get /api/search --jq .raw'],
  input: ([route = '']) => route,
  action: async (context, route) => {
    const environment = await context.environment();
    const listing = await listOverrides({ store: await context.store(environment), deadline: context.deadline });
    return { view: overrideView(findListed(listing, route), listing, environment, context.clock.nowMs()), exit: 'ok' };
  },
});
