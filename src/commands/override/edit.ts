import { assertNoDemand } from '../../domain/demand.js';
import { editIntent } from '../../procedures/override/edited.js';
import { messageView } from '../../ui/message-view.js';
import { defineCommand } from '../command.js';
import { requirementDemands } from '../demands.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput } from '../mutation.js';
import { runChange } from './change.js';
import { takeDump } from './dump.js';
import { assertTerminal, forgetEdit, keptOnFailure, letEdit } from './edit-session.js';

// The runbook's "per-route override" by hand: the dump in an editor, the difference shown, asked, written and proven.

export const command = defineCommand({
  register: (c) => {
    c.argument('[route]', 'edit only this entry');
    addMutationFlags(c);
    addEndFlags(c);
  },
  examples: [
    'rlctl -e preview override edit --reason "new limits of search"',
    'EDITOR="code --wait" rlctl -e prod override edit /api/search --reason INC-42',
  ],
  input: ([route], flags) => ({ route: route ?? null, mutation: mutationInput(flags, endOf(flags)) }),
  action: async (context, { route, mutation }) => {
    assertTerminal(context);
    const environment = await context.environment(mutation.effect.settings);
    // Before the work, not after it.
    if (!mutation.isDryRun) assertNoDemand('override edit', requirementDemands(environment, mutation));
    const dump = await takeDump(context, environment, { route, owner: null });
    const { path, file } = await letEdit(context, environment, dump);
    const dumped = new Set(dump.overrides.map(({ prefix }) => prefix));
    const { ifRevision } = mutation;
    const intent = editIntent({ base: dump.listing.stored, dumped, entries: file.entries, ifRevision });
    if (intent.isEmpty) {
      await forgetEdit(context, path);
      const data = { environment: environment.name, isNoop: true };
      return { view: messageView('OverrideEdit', data, 'nothing was edited, so nothing was changed'), exit: 'ok' };
    }
    const named = new Set(file.entries.map(({ prefix }) => prefix));
    const removed = [...dumped].filter((prefix) => !named.has(prefix));
    return keptOnFailure(context, { path, removed }, mutation, () =>
      runChange(context, { ...mutation, isAsked: true }, () => ({ ...intent, end: mutation.end })),
    );
  },
});
