import { parse } from 'node:path';
import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import { allBuckets, bucketNamed, bucketsOfAll } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { nearNames } from '../../domain/near-names.js';
import { defaultPlanName, resolvedPlan, standardPlan, type RolloutPlan } from '../../domain/rollout/plan.js';
import { readInputText } from '../input-file.js';

// Which plan a rollout follows: one of the configuration by its name, one from a file, or the handbook's.

export interface PlanChoice {
  readonly name: string | null;
  readonly file: string | null;
}

export function addPlanFlags(command: Command): void {
  command
    .argument('[plan]', `a plan of the configuration by its name (default: ${defaultPlanName}, the handbook's)`)
    .addOption(new Option('-f, --file <file>', 'a plan in a file, YAML or JSON; - is stdin'));
}

/** The plan with this environment's buckets; throws usage errors that name every fault with its place. */
export async function planFor(context: Context, environment: Environment, choice: PlanChoice): Promise<RolloutPlan> {
  const nameOf = (bucket: string): string => bucketNamed(environment, bucket).name;
  const all = bucketsOfAll(environment).map(({ name }) => name);
  const plan = resolvedPlan(await writtenPlan(context, choice, nameOf), { all, nameOf });
  assertReachable(environment, plan);
  return plan;
}

async function writtenPlan(
  context: Context,
  { name, file }: PlanChoice,
  nameOf: (bucket: string) => string,
): Promise<RolloutPlan> {
  if (name !== null && file !== null) throw usageError('a plan is named and -f is given', 'Give one of them.');
  if (file !== null) {
    const [{ readPlacedFile }, { parseRolloutPlan }, text] = await Promise.all([
      import('../../yaml-file.js'),
      import('../../domain/rollout/plan-file.js'),
      readInputText(context, file, '-f'),
    ]);
    const place = { at: [], name: file === '-' ? 'stdin' : parse(file).name };
    return { ...parseRolloutPlan(readPlacedFile(text, file), place, nameOf), file };
  }
  const wanted = name ?? defaultPlanName;
  const { path, text, rollouts } = await context.config();
  if (path !== null && rollouts.includes(wanted)) return configuredPlan(path, text, wanted, nameOf);
  if (wanted === defaultPlanName) return standardPlan;
  const names = [...new Set([defaultPlanName, ...rollouts])];
  const near = nearNames(wanted, names);
  throw usageError(
    `there is no rollout plan "${wanted}"; there are: ${names.join(', ')}`,
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Write it under rollouts in rlctl.yaml, or give -f FILE.',
    'UNKNOWN_PLAN',
  );
}

async function configuredPlan(
  path: string,
  text: string,
  name: string,
  nameOf: (bucket: string) => string,
): Promise<RolloutPlan> {
  const [{ readPlacedFile }, { parseRolloutPlan }] = await Promise.all([
    import('../../yaml-file.js'),
    import('../../domain/rollout/plan-file.js'),
  ]);
  return parseRolloutPlan(readPlacedFile(text, path), { at: ['rollouts', name], name }, nameOf);
}

/** Where overrides carry the shadow of a bucket, a bucket without routes cannot be enforced: said before anything begins. */
function assertReachable(environment: Environment, { stages }: RolloutPlan): void {
  if (environment.shadowDriver !== 'overrides') return;
  for (const { name, shadow, enforce } of stages) {
    const without = bucketsWithoutRoutes(environment, enforce);
    const isEmpty = shadow.length > 0 && bucketsWithoutRoutes(environment, shadow).length === shadow.length;
    if (without.length === 0 && !isEmpty) continue;
    const which = without.length > 0 ? without : shadow;
    throw usageError(
      `stage ${name}: ${which.join(', ')} ${which.length === 1 ? 'has' : 'have'} no routes in the configuration, and overrides are the way flags are flipped here`,
      'Set buckets.NAME.routes in rlctl.yaml, set shadowDriver to env-file or exec, or leave them out with a plan of your own: rlctl rollout schema',
      'BUCKET_WITHOUT_ROUTES',
    );
  }
}

function bucketsWithoutRoutes(environment: Environment, names: readonly string[]): readonly string[] {
  return names.filter((name) => routesOfBuckets(environment, [name]).length === 0);
}

/** The configured routes of these buckets. */
export function routesOfBuckets(environment: Environment, names: readonly string[]): readonly string[] {
  return [...new Set(allBuckets(environment).flatMap(({ name, routes }) => (names.includes(name) ? routes : [])))];
}
