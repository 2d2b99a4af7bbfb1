import { defineCommand } from '../command.js';
import { goBack } from './back.js';
import { addBackFlags, driveFlags } from './flags.js';

// Takes back the stage that a rollout is in: what stood before it is restored, reloaded and proven. The stages before it stand.

export const command = defineCommand({
  register: addBackFlags,
  examples: [
    'rlctl -e prod rollout abort --dry-run',
    'rlctl -e prod rollout abort --reason "payments fail" --confirm prod',
  ],
  input: (_, flags) => driveFlags(flags),
  action: (context, flags) => goBack(context, flags, 'abort'),
});
