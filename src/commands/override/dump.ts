import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { findListed, listOverrides } from '../../procedures/override/inspect.js';
import { assertNotGone } from '../../procedures/override/lost-document.js';
import { dumpView, type Dump } from '../../ui/dump-view.js';
import { defineCommand, textFlag } from '../command.js';

// What is stored as a file to keep under review, with who set what, and why: the start of overrides as code.

export async function takeDump(
  context: Context,
  environment: Environment,
  { route, owner }: { readonly route: string | null; readonly owner: string | null },
): Promise<Dump> {
  context.progress.step('reading the document');
  const listing = await listOverrides({ store: await context.store(environment), deadline: context.deadline });
  assertNotGone(listing.stored);
  const all = route === null ? listing.overrides : [findListed(listing, route)];
  const overrides = owner === null ? all : all.filter(({ metadata }) => metadata?.owner === owner);
  return { listing, overrides, owner, nowMs: context.clock.nowMs() };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--owner <name>', 'only what this owner manages, as a file for: rlctl override sync'));
  },
  examples: [
    'rlctl -e prod override dump > overrides.yaml',
    'rlctl -e prod override dump --json > overrides.json',
    'rlctl -e prod override dump --owner team-search > search.yaml',
  ],
  input: (_, flags) => textFlag(flags, 'owner'),
  action: async (context, owner) => {
    const environment = await context.environment();
    const dump = await takeDump(context, environment, { route: null, owner });
    return { view: dumpView(dump, environment), exit: 'ok' };
  },
});
