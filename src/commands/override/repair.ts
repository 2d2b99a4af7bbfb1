import { Option } from 'commander';
import { bucketOfRoute } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { heldNow } from '../../procedures/override/held.js';
import { repairIntent } from '../../procedures/override/repair.js';
import { defineCommand, textFlag } from '../command.js';
import { lastDocumentReload } from '../last-reload.js';
import { addExemptFlags, mutationInput } from '../mutation.js';
import { runChange } from './change.js';

// What the runbook has no page for: the document is broken, the server drops every override, and the history has it whole.

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--to <revision>', 'the revision to restore; the newest readable one by default'));
    addExemptFlags(c);
  },
  examples: [
    'rlctl -e preview override repair --dry-run',
    'rlctl -e prod override repair --to 3f2a9c01d5e7 --reason "broken by hand" --confirm prod',
  ],
  input: (_, flags) => {
    const to = textFlag(flags, 'to');
    if (to !== null && !/^[0-9a-f]{8,64}$/.test(to)) {
      throw usageError(
        `--to: "${to}" is not a revision`,
        'Give at least 8 hex digits of one, as "rlctl override history" prints it.',
      );
    }
    return { to, mutation: mutationInput(flags) };
  },
  action: async (context, { to, mutation }) => {
    const environment = await context.environment(mutation.effect.settings);
    const { api: targets, basePaths } = environment;
    const bucketOf = (route: string): string | null => bucketOfRoute(environment, route);
    return runChange(context, mutation, (ports) =>
      repairIntent(
        ports,
        { to, ifRevision: mutation.ifRevision },
        {
          held: () => heldNow(ports, { targets, basePaths, bucketOf }),
          lastReload: () => lastDocumentReload(context, environment),
        },
      ),
    );
  },
});
