import { Option } from 'commander';
import { chooseEnvironment, updateState } from '../../config.js';
import { usageError } from '../../domain/errors.js';
import { messageView } from '../../ui/message-view.js';
import { defineCommand, switchFlag } from '../command.js';

// Chooses the environment for later commands; the choice lives in rlctl's own state, never in a project's file.

export const command = defineCommand({
  register: (c) => {
    c.argument('[name]', 'environment, as "env list" shows it').addOption(
      new Option('--none', 'forget the choice; "current" of the file holds again'),
    );
  },
  examples: ['rlctl env use preview', 'rlctl env use sandbox', 'rlctl env use --none'],
  input: ([name], flags) => {
    if ((name !== undefined) !== switchFlag(flags, 'none')) return name ?? null;
    throw usageError('give either the name of an environment or --none', 'See the names with: rlctl env list');
  },
  action: async (context, name) => {
    const config = await context.config();
    if (name !== null) chooseEnvironment(config, name);
    const before = config.current?.isChoice === true ? config.current.name : null;
    const key = config.path ?? '';
    if (name !== before)
      await updateState(context, (state) => {
        const { [key]: _, ...others } = state.current;
        return { ...state, current: name === null ? others : { ...others, [key]: name } };
      });
    const what =
      name === null
        ? before === null
          ? 'no environment was chosen'
          : `"${before}" is no longer chosen`
        : `later commands work on "${name}"; -e and RLCTL_ENV still beat it`;
    return { view: messageView('EnvironmentChosen', { environment: name }, what), exit: 'ok' };
  },
});
