import { lostFinding } from '../../domain/override/document-gone.js';
import { listOverrides } from '../../procedures/override/inspect.js';
import { overrideListView } from '../../ui/override-view.js';
import { defineCommand } from '../command.js';
import { lastRevision } from '../last-reload.js';

// What is stored, in the server's matching order, with what hides what, and who set it, when and why.

export const command = defineCommand({
  register: () => undefined,
  examples: [
    'rlctl -e prod override list',
    "rlctl -e prod override list --jq '.overrides[] | select(.hiddenBy) | .prefix'",
  ],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    context.progress.step('reading the document');
    const listing = await listOverrides({ store: await context.store(environment), deadline: context.deadline });
    const lost = lostFinding(listing.stored, await lastRevision(context, environment));
    const view = overrideListView(listing, environment, { nowMs: context.clock.nowMs(), lost });
    return { view, exit: lost === null ? 'ok' : 'findings' };
  },
});
