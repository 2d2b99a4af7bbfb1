import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { applyIntent, syncIntent } from '../../procedures/override/declared.js';
import { agedIntent } from '../../procedures/override/dump-age.js';
import type { ChangeIntent } from '../../procedures/override/plan.js';
import { planFileOf } from '../../procedures/override/planned.js';
import { planFileText, planFileView } from '../../ui/plan-file-view.js';
import { defineCommand, switchFlag, textFlag } from '../command.js';
import { authorOf } from '../mutation.js';
import { addFileFlag, fileFlag, loadOverridesFile } from './file.js';
import { planForetold } from './foretold.js';
import { addOwnershipFlags, ownershipFlags, ownershipOf, type OwnershipFlags } from './ownership.js';

// What apply or sync would do, kept in a file: somebody looks at it, and exactly that is done, or nothing.

async function intentOf(
  context: Context,
  environment: Environment,
  file: string,
  ownership: OwnershipFlags | null,
): Promise<ChangeIntent> {
  const wanted = await loadOverridesFile(context, file);
  const { dumpedFrom, entries } = wanted;
  const declaration = { entries, ifRevision: null };
  const intent =
    ownership === null ? applyIntent(declaration) : syncIntent(declaration, ownershipOf(ownership, wanted, file));
  const ports = { store: await context.store(environment), deadline: context.deadline };
  return agedIntent(intent, ports, { dumpedFrom, environment: environment.name });
}

export const command = defineCommand({
  register: (c) => {
    addFileFlag(c);
    c.addOption(new Option('--out <file>', 'keep the plan in a file, for: rlctl override apply --plan FILE'))
      .addOption(new Option('--reason <text>', 'why; the change will carry it').helpGroup('Change:'))
      .addOption(new Option('--ticket <id>', 'ticket; the change will carry it').helpGroup('Change:'))
      .addOption(new Option('--sync', 'plan a sync: what the owner manages and the file does not name goes'));
    addOwnershipFlags(c);
  },
  examples: [
    'rlctl -e prod override plan -f overrides.yaml --out plan.json --reason "new limits of search"',
    'rlctl -e prod override plan -f overrides.yaml --sync --prune',
  ],
  input: (_, flags) => {
    const ownership = ownershipFlags(flags);
    const isSync = switchFlag(flags, 'sync');
    if (!isSync && (ownership.isPruning || ownership.isAdopting || ownership.owner !== null))
      throw usageError('--owner, --prune and --adopt are about a sync', 'Add --sync, or leave them out.');
    const [reason, ticket] = [textFlag(flags, 'reason'), textFlag(flags, 'ticket')];
    return { file: fileFlag(flags), out: textFlag(flags, 'out'), ownership: isSync ? ownership : null, reason, ticket };
  },
  action: async (context, { file, out, ownership, ...why }) => {
    const environment = await context.environment();
    const intent = await intentOf(context, environment, file, ownership);
    context.progress.step('reading the document');
    const plan = await planForetold(context, environment, intent, why);
    const kept = planFileOf(plan, await authorOf(context, environment, why), context.clock.nowMs());
    if (out !== null)
      await context.files.writePrivate(resolve(context.host.cwd, out), context.redact(planFileText(kept)));
    return { view: planFileView(plan, kept, environment, out), exit: 'ok' };
  },
});
