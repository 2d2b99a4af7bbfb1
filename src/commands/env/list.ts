import { environmentOf } from '../../config.js';
import { environmentListView } from '../../ui/env-view.js';
import { defineCommand } from '../command.js';

// Which environments there are, which is in use, and which are protected.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl env list', "rlctl env list --jq '.environments[].name'"],
  input: () => null,
  action: async (context) => {
    const config = await context.config();
    const { chooseEnvironment } = await import('../../config.js');
    const inUse = attempt(() => chooseEnvironment(config, context.options.environment));
    const items = [...config.environments].map(([name, { place }]) => {
      const resolved = attempt(() => environmentOf(config, { name, flags: {} }, context.host.env));
      return {
        name,
        place,
        isCurrent: inUse?.name === name,
        isProtected: resolved?.isProtected ?? null,
        api: resolved?.api ?? [],
      };
    });
    const { current } = config;
    const missing = current !== null && !config.environments.has(current.name) ? current : null;
    return { view: environmentListView(items, inUse?.source ?? null, missing), exit: 'ok' };
  },
});

/** One environment that cannot be resolved does not hide the others. */
function attempt<T>(resolve: () => T): T | null {
  try {
    return resolve();
  } catch {
    return null;
  }
}
