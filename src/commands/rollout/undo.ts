import { defineCommand } from '../command.js';
import { goBack } from './back.js';
import { addBackFlags, driveFlags } from './flags.js';

// Takes back a whole rollout: what stood before its first stage is restored, reloaded and proven, also after it has finished.

export const command = defineCommand({
  register: addBackFlags,
  examples: ['rlctl -e prod rollout undo --dry-run', 'rlctl -e prod rollout undo --reason "not now" --confirm prod'],
  input: (_, flags) => driveFlags(flags),
  action: (context, flags) => goBack(context, flags, 'undo'),
});
