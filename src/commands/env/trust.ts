import { configDigest, updateState } from '../../config.js';
import { usageError } from '../../domain/errors.js';
import { messageView } from '../../ui/message-view.js';
import { defineCommand } from '../command.js';

// A project's file names addresses that receive signatures and commands that print secrets: somebody has to vouch for it.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl env trust', 'rlctl env show    # read it first'],
  input: () => null,
  action: async (context) => {
    const { path, text, isTrusted } = await context.config();
    if (path === null)
      throw usageError(
        'there is no configuration file to trust',
        'rlctl looks for rlctl.yaml from here upwards.',
        'CONFIG_MISSING',
      );
    const digest = configDigest(text);
    if (!isTrusted)
      await updateState(context, (state) => ({ ...state, trusted: { ...state.trusted, [path]: digest } }));
    const what = isTrusted
      ? `${path} is trusted already`
      : `${path} is trusted as it is now; after any change it has to be trusted again`;
    return { view: messageView('ConfigTrusted', { path, digest }, what), exit: 'ok' };
  },
});
