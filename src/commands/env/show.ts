import { environmentShowView } from '../../ui/env-view.js';
import { defineCommand } from '../command.js';
import { recall } from '../detection.js';

// Every setting of an environment, its value, and where it comes from; secrets as their source only.

export const command = defineCommand({
  register: (c) => {
    c.argument('[name]', 'environment; the one in use by default');
  },
  examples: ['rlctl env show', 'rlctl env show prod --json'],
  input: ([name]) => name ?? null,
  action: async (context, name) => {
    const { environmentOf } = await import('../../config.js');
    const config = await context.config();
    const environment = environmentOf(
      config,
      { name: name ?? context.options.environment, flags: {} },
      context.host.env,
    );
    const seen = await recall(context, environment);
    return {
      view: environmentShowView(environment, { ...config, seen }),
      exit: 'ok',
    };
  },
});
