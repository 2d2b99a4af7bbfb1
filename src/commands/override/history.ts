import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { recordedChanges } from '../../procedures/override/history.js';
import { recordedDocument } from '../../procedures/override/recorded-document.js';
import { documentView } from '../../ui/document-view.js';
import { historyView } from '../../ui/history-view.js';
import type { View } from '../../ui/view.js';
import { defineCommand, textFlag } from '../command.js';
import { lastDocumentReload } from '../last-reload.js';

// Every change of the document: what, who, when, why, and what somebody wrote past rlctl.

function limitOf(text: string | null): number {
  if (text === null) return 20;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw usageError(`--limit: "${text}" is not a number of changes`, 'Give a whole number from 1.');
}

/** A key of another type that a change replaced, with the commands that bring it back. */
async function replacedKey(context: Context, environment: Environment, changeId: string): Promise<View> {
  const { clock, deadline } = context;
  const [{ recordedDump }, { dumpedKeyView }, { redisCli }, { overridesKey }, store] = await Promise.all([
    import('../../procedures/override/recorded-dump.js'),
    import('../../ui/dumped-key-view.js'),
    import('../../domain/redis-cli.js'),
    import('../../domain/redis-keys.js'),
    context.store(environment),
  ]);
  const dump = await recordedDump({ store, clock, deadline }, changeId);
  const place = await (await context.redisInspector(environment)).inspect(deadline);
  const key = overridesKey(environment.namespace ?? '');
  return dumpedKeyView(dump, environment, { key, redisCli: (...words) => redisCli(place, ...words) });
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
      .addOption(
        new Option('--dump <change>', 'the key of another type that a change replaced, as RESTORE takes it').conflicts([
          'limit',
          'id',
          'document',
        ]),
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
    dump: textFlag(flags, 'dump'),
  }),
  action: async (context, { document, dump, ...filter }) => {
    const environment = await context.environment();
    context.progress.step('reading the history');
    const ports = { store: await context.store(environment), deadline: context.deadline };
    const once = { lastReload: () => lastDocumentReload(context, environment) };
    if (document !== null)
      return { view: documentView(await recordedDocument(ports, document, once), environment), exit: 'ok' };
    if (dump !== null) return { view: await replacedKey(context, environment, dump), exit: 'ok' };
    const recorded = await recordedChanges(ports, filter, once);
    return { view: historyView(recorded, environment, context.clock.nowMs()), exit: 'ok' };
  },
});
