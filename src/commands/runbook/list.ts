import { builtInRunbook, builtInRunbooks } from '../../domain/runbook/built-in.js';
import { runbookListView, type ListedRunbook } from '../../ui/runbook-view.js';
import { defineCommand } from '../command.js';
import { readRunbookFile, runbookFiles } from './library.js';

// What there is to run: the handbook's own procedures, and those of the team beside the configuration.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl runbook list', "rlctl runbook list --jq '.runbooks[].name'"],
  input: () => null,
  action: async (context) => {
    const own = [...builtInRunbooks.keys()].map((name): ListedRunbook => ({
      name,
      runbook: builtInRunbook(name)?.runbook ?? null,
      path: null,
      fault: null,
    }));
    const files = await runbookFiles(context);
    const team = await Promise.all(
      files.map(async (file): Promise<ListedRunbook> => {
        const { runbook, findings } = await readRunbookFile(context, file);
        const isTaken = builtInRunbooks.has(file.name);
        const isFaulty = findings.some(({ severity }) => severity === 'error');
        const fault = isTaken
          ? 'the name is that of a built-in one'
          : isFaulty
            ? `faulty: rlctl runbook lint ${file.name}`
            : null;
        return { name: file.name, runbook, path: file.path, fault };
      }),
    );
    return { view: runbookListView([...own, ...team]), exit: 'ok' };
  },
});
