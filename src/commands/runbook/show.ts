import { Option } from 'commander';
import { runbookPageView } from '../../ui/runbook-page.js';
import { runbookView } from '../../ui/runbook-view.js';
import { defineCommand, switchFlag } from '../command.js';
import { findRunbook } from './library.js';

// One runbook: what it takes and does. As YAML it is a file of its own, as Markdown the page of the handbook.

export const command = defineCommand({
  register: (c) => {
    c.argument('<runbook>', 'its name, as "rlctl runbook list" shows it').addOption(
      new Option('--markdown', 'the page of the handbook, from the same source'),
    );
  },
  examples: [
    'rlctl runbook show emergency-rollback',
    'rlctl runbook show raise-limit --markdown > raise-limit.md',
    'rlctl runbook show raise-limit -o yaml > runbooks/our-raise.yaml',
  ],
  input: ([name = ''], flags) => ({ name, isPage: switchFlag(flags, 'markdown') }),
  action: async (context, { name, isPage }) => {
    const { runbook, written } = await findRunbook(context, name);
    return { view: isPage ? runbookPageView(runbook) : runbookView(runbook, written, context.address), exit: 'ok' };
  },
});
