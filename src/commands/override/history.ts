import { Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import { recordedChanges } from '../../procedures/override/history.js';
import { recordedDocument } from '../../procedures/override/recorded-document.js';
import { historyView } from '../../ui/change-view.js';
import { documentView } from '../../ui/document-view.js';
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
      .addOption(
        new Option(
          '--document <revision|change>',
          'print the document of a revision, or as a change left it, byte for byte',
        ).conflicts(['limit', 'id']),
      )
      .addOption(new Option('--id <change>', 'only this change: tells whether it was applied'));
  },
  examples: [
    'rlctl -e prod override history --limit 5',
    'rlctl -e prod override history /api/search -o ndjson',
    'rlctl -e prod override history --document 3f2a9c01d5e7 > before.json',
  ],
  input: ([route], flags) => ({
    route: route ?? null,
    limit: limitOf(textFlag(flags, 'limit')),
    changeId: textFlag(flags, 'id'),
    document: textFlag(flags, 'document'),
  }),
  action: async (context, { document, ...filter }) => {
    const environment = await context.environment();
    context.progress.step('reading the history');
    const ports = { store: await context.store(environment), deadline: context.deadline };
    if (document !== null)
      return { view: documentView(await recordedDocument(ports, document), environment), exit: 'ok' };
    const recorded = await recordedChanges(ports, filter);
    return { view: historyView(recorded, environment, context.clock.nowMs()), exit: 'ok' };
  },
});
