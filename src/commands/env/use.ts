import { chooseEnvironment, updateState } from '../../config.js';
import { messageView } from '../../ui/message-view.js';
import { defineCommand } from '../command.js';

// Chooses the environment for later commands; the choice lives in rlctl's own state, never in a project's file.

export const command = defineCommand({
  register: (c) => {
    c.argument('<name>', 'environment, as "env list" shows it');
  },
  examples: ['rlctl env use preview', 'rlctl env use sandbox'],
  input: ([name = '']) => name,
  action: async (context, name) => {
    const config = await context.config();
    chooseEnvironment(config, name);
    await updateState(context, (state) => ({ ...state, current: { ...state.current, [config.path ?? '']: name } }));
    return {
      view: messageView(
        'EnvironmentChosen',
        { environment: name },
        `later commands work on "${name}"; -e and RLCTL_ENV still beat it`,
      ),
      exit: 'ok',
    };
  },
});
