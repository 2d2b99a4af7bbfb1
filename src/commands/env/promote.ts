import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { listOverrides } from '../../procedures/override/inspect.js';
import { planChange } from '../../procedures/override/plan.js';
import { planFileOf } from '../../procedures/override/planned.js';
import { choosePromotion, promoteIntent, type Promotion, type Selection } from '../../procedures/override/promoted.js';
import { planFileText, planFileView } from '../../ui/plan-file-view.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag, type Outcome } from '../command.js';
import { addEndFlags, addMutationFlags, authorOf, endOf, mutationInput, type MutationInput } from '../mutation.js';
import { contextIn, openPair, pairRule, within, type PairNames } from '../named-environment.js';
import { runChange } from '../override/change.js';

// What was tried in one environment is put into force in another, by the same way as any change of that one.

/** What the source holds, as it is wanted in the target. Errors and their commands say that they are about the source. */
async function read(context: Context, source: Environment, to: string, selection: Selection): Promise<Promotion> {
  return within(source, { isNamed: true }, async () => {
    context.progress.step(`reading the overrides of ${source.name}`);
    const ports = { store: await context.store(source), deadline: context.deadline };
    return choosePromotion(await listOverrides(ports), { from: source.name, to }, selection);
  });
}

async function plan(target: Context, promotion: Promotion, out: string, mutation: MutationInput): Promise<Outcome> {
  const environment = await target.environment();
  const { clock, randomness, deadline } = target;
  const ports = { store: await target.store(environment), clock, randomness, deadline };
  const planned = await planChange(ports, promoteIntent(promotion, mutation.ifRevision));
  const kept = planFileOf(planned, await authorOf(target, environment, mutation), clock.nowMs());
  await target.files.writePrivate(resolve(target.host.cwd, out), target.redact(planFileText(kept)));
  return { view: planFileView(planned, kept, environment, out), exit: 'ok' };
}

async function promote(context: Context, names: PairNames, selection: Selection, asked: Asked): Promise<Outcome> {
  const { out, mutation } = asked;
  const { left, right } = await openPair(context, names, mutation.effect.settings);
  const promotion = await read(context, left, names.right, selection);
  const target = contextIn(context, names.right);
  return within(right, { isNamed: false }, () => {
    if (out !== null) return plan(target, promotion, out, mutation);
    return runChange(target, mutation, () => ({
      ...promoteIntent(promotion, mutation.ifRevision),
      end: mutation.end,
    }));
  });
}

interface Asked {
  /** Where a plan is kept instead of making the change; `null`: nowhere. */
  readonly out: string | null;
  readonly mutation: MutationInput;
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<from>', 'environment that holds them')
      .argument('<to>', 'environment to change')
      .argument('[prefix...]', 'overrides of the first one, by their prefix; by default all')
      .addOption(new Option('--except <prefix>', 'leave this one out; repeatable').argParser(collect))
      .addOption(new Option('--include-temporary', 'those that end by themselves too, not only where named'))
      .addOption(
        new Option('--out <file>', 'only plan, for: rlctl -e TO override apply --plan FILE').conflicts([
          'dryRun',
          'for',
          'until',
          'permanent',
          'confirm',
          'yes',
          'overrideGuard',
        ]),
      );
    addMutationFlags(c);
    addEndFlags(c);
    c.addHelpText(
      'after',
      `\nSets what the first one holds, in its order; removes nothing, and takes over\nneither ends nor owners nor reasons.\n${pairRule}`,
    );
  },
  examples: [
    'rlctl env promote preview prod /api/search --reason "proved in preview" --permanent --confirm prod',
    'rlctl env promote preview prod --out plan.json',
  ],
  input: ([left = '', right = '', ...named], flags) => ({
    names: { left, right },
    selection: {
      named: named.filter((prefix) => prefix !== undefined),
      except: listFlag(flags, 'except'),
      isIncludingTemporary: switchFlag(flags, 'includeTemporary'),
    },
    out: textFlag(flags, 'out'),
    mutation: mutationInput(flags, endOf(flags)),
  }),
  action: (context, { names, selection, out, mutation }) => promote(context, names, selection, { out, mutation }),
});
