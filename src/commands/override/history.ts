import { Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import { recordedChanges } from '../../procedures/override/history.js';
import { historyView } from '../../ui/change-view.js';
import { defineCommand, textFlag } from '../command.js';

// Every change of the document: what, who, when, why, and what somebody wrote past rlctl.

function limitOf(text: string | null): number {
  if (text === null) return 20;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw usageError(`--limit: "${text}" is not a number of changes`, 'Give a whole number from 1.');
}

export const command = defineCommand({
  register: (c) => {
    c.argument('[route]', 'only changes of this entry')
      .addOption(new Option('--limit <n>', 'at most this many, newest first (default 20)'))
      .addOption(new Option('--id <change>', 'only this change: tells whether it was applied'));
  },
  examples: ['rlctl -e prod override history --limit 5', 'rlctl -e prod override history /api/search -o ndjson'],
  input: ([route], flags) => ({
    route: route ?? null,
    limit: limitOf(textFlag(flags, 'limit')),
    changeId: textFlag(flags, 'id'),
  }),
  action: async (context, filter) => {
    const environment = await context.environment();
    context.progress.step('reading the history');
    const changes = await recordedChanges(
      { store: await context.store(environment), deadline: context.deadline },
      filter,
    );
    return { view: historyView(changes, environment, context.clock.nowMs()), exit: 'ok' };
  },
});
