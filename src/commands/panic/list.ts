import { Option } from 'commander';
import { isOpen } from '../../domain/panic/panics.js';
import { panicsView } from '../../ui/panic-view.js';
import { defineCommand, switchFlag } from '../command.js';
import { lastReload } from '../last-reload.js';
import { reachOf } from '../shadow/flips.js';
import { panicsOf } from './kept.js';

// What was let through in an emergency and still is: nobody is to find it out weeks later.

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--all', 'those that are over as well'));
  },
  examples: ['rlctl -e prod panic list', "rlctl -e prod panic list --jq '.panics[] | select(.isOpen) | .panicId'"],
  input: (_, flags) => ({ isAll: switchFlag(flags, 'all') }),
  action: async (context, { isAll }) => {
    const environment = await context.environment();
    context.progress.step('reading the history');
    const panics = await panicsOf(context, environment);
    const shown = isAll ? panics : panics.filter(isOpen);
    const watched = (await lastReload(context, environment))?.watched ?? null;
    const reach = await reachOf(context, environment);
    return { view: panicsView(shown, { environment, nowMs: context.clock.nowMs(), reach, watched }), exit: 'ok' };
  },
});
