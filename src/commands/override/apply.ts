import { Option } from 'commander';
import type { Context } from '../../context.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { parsePlanFile } from '../../domain/override/plan-file.js';
import { applyIntent } from '../../procedures/override/declared.js';
import { agedIntent } from '../../procedures/override/dump-age.js';
import { plannedIntent } from '../../procedures/override/planned.js';
import { defineCommand, textFlag, type Outcome } from '../command.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput, type MutationInput } from '../mutation.js';
import { runChange } from './change.js';
import { addFileFlag, assertSecretElsewhere, fileFlag, loadOverridesFile } from './file.js';
import { readInputText } from '../input-file.js';
import { settleUnfinished } from './unfinished.js';

// The runbook's "per-route override" for many routes at once, from a file that is kept under review; never deletes.

async function applyPlan(context: Context, path: string, mutation: MutationInput): Promise<Outcome> {
  const plan = parsePlanFile(await readInputText(context, path, '--plan'), path);
  const environment = await context.environment(mutation.effect.settings);
  const { reason, ticket } = mutation;
  const said = { ...mutation, reason: reason ?? plan.reason, ticket: ticket ?? plan.ticket };
  const made = runChange(context, said, () => ({
    ...plannedIntent(plan, environment.name, mutation.ifRevision),
    end: mutation.end,
  }));
  // Made now, or found to be made already: a plan that was kept for it has done its work.
  const outcome = await made.catch(async (error: unknown) => {
    const isMade =
      error instanceof RlctlError && error.code === 'PLAN_STALE' && error.details?.['found'] === plan.revisionAfter;
    if (isMade) await settleUnfinished(context, path);
    throw error;
  });
  if (!mutation.isDryRun) await settleUnfinished(context, path);
  return outcome;
}

export const command = defineCommand({
  register: (c) => {
    addFileFlag(c);
    c.addOption(
      new Option('--plan <file>', 'make the change of a plan, exactly as it was planned; - is stdin').conflicts('file'),
    );
    addMutationFlags(c);
    addEndFlags(c);
  },
  examples: [
    'rlctl -e preview override apply -f overrides.yaml --reason "new limits of search"',
    'rlctl -e prod override apply --plan plan.json --permanent --confirm prod',
  ],
  input: (_, flags) => {
    const [plan, mutation] = [textFlag(flags, 'plan'), mutationInput(flags, endOf(flags))];
    if (plan === null && textFlag(flags, 'file') === null)
      throw usageError('neither a file nor a plan is named', 'Give -f FILE, or --plan FILE; - is stdin.');
    const path = plan ?? fileFlag(flags);
    assertSecretElsewhere(plan === null ? '-f' : '--plan', path, mutation);
    return { isPlan: plan !== null, path, mutation };
  },
  action: async (context, { isPlan, path, mutation }) => {
    if (isPlan) return applyPlan(context, path, mutation);
    const { entries, dumpedFrom } = await loadOverridesFile(context, path);
    const { name } = await context.environment(mutation.effect.settings);
    return runChange(context, mutation, (ports) => ({
      ...agedIntent(applyIntent({ entries, ifRevision: mutation.ifRevision }), ports, {
        dumpedFrom,
        environment: name,
      }),
      end: mutation.end,
    }));
  },
});
