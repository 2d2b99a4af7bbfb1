import { Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import { readLog } from '../../procedures/audit/log.js';
import { auditLogView } from '../../ui/audit-log-view.js';
import { defineCommand, textFlag } from '../command.js';
import { addSinceFlag, sinceFlag } from './since.js';

// Who changed what, when and why, a line each; and what somebody changed past rlctl, also where no entry keeps it yet.

function limitOf(text: string | null): number {
  if (text === null) return 20;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw usageError(`--limit: "${text}" is not a number of entries`, 'Give a whole number from 1.');
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--limit <n>', 'at most this many entries, newest first (default 20)'));
    addSinceFlag(c, 'only entries of this time');
    c.addOption(new Option('--actor <name>', 'only changes by this actor: user@host, or the user alone'))
      .addOption(new Option('--route <prefix>', 'only changes of this entry'))
      .addHelpText(
        'after',
        [
          '',
          'What somebody wrote past rlctl is kept, with the document they left, by the',
          'next change made with rlctl; until then it is the first line, "not yet kept".',
          'Several such writes between two changes are seen as one, and one that was',
          'taken back before the next change is not seen.',
        ].join('\n'),
      );
  },
  examples: ['rlctl -e prod audit log --since 7d', 'rlctl -e prod audit log --actor ana --limit 100 -o ndjson'],
  input: (_, flags) => ({
    limit: limitOf(textFlag(flags, 'limit')),
    sinceMs: sinceFlag(flags),
    actor: textFlag(flags, 'actor'),
    route: textFlag(flags, 'route'),
  }),
  action: async (context, filter) => {
    const environment = await context.environment();
    context.progress.step('reading the history');
    const { clock, deadline } = context;
    const log = await readLog({ store: await context.store(environment), clock, deadline }, filter);
    const isForeign = log.entries.some(({ kind }) => kind === 'foreign');
    return { view: auditLogView(log, environment), exit: isForeign ? 'findings' : 'ok' };
  },
});
