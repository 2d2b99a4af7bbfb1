import { usageError } from '../errors.js';
import { startsRoute } from '../policy/matching.js';
import type { Environment } from './environment.js';

/** The buckets of the handbook; a server may have others. */
const documentedBuckets = ['auth', 'read', 'write', 'financial'] as const;

/** Names under which deployed servers know a bucket of the handbook. */
const deployedNames: Readonly<Record<string, readonly string[]>> = { auth: ['auth_bootstrap'] };

/** One bucket under all the names it goes by. */
export interface BucketNames {
  /** As configured, else as in the handbook. */
  readonly name: string;
  /** Every name, the first one first: which of them a server uses is only seen in its answers. */
  readonly names: readonly string[];
  /** The configured route prefixes it guards; may be empty. */
  readonly routes: readonly string[];
}

/** Every configured bucket, and those of the handbook that no configured one stands for. */
export function allBuckets({ buckets }: Pick<Environment, 'buckets'>): readonly BucketNames[] {
  const configured = [...buckets].map(([name, { alias, routes }]) => named(name, alias, routes));
  const taken = new Set(configured.flatMap(({ names }) => names));
  const others = documentedBuckets.filter((name) => !taken.has(name)).map((name) => named(name, [], []));
  return [...configured, ...others];
}

/** The buckets that guard configured routes under a prefix, in the server's sense of one; of each, those routes alone. */
export function bucketsUnder(environment: Pick<Environment, 'buckets'>, prefix: string): readonly BucketNames[] {
  return allBuckets(environment).flatMap((each) => {
    const routes = each.routes.filter((route) => startsRoute(prefix, route));
    return routes.length === 0 ? [] : [{ ...each, routes }];
  });
}

function named(name: string, alias: readonly string[], routes: readonly string[]): BucketNames {
  return { name, names: bucketSpellings(name, alias), routes };
}

/** Every name a bucket may go by: its own, its aliases, and those that every deployed server uses. */
export function bucketSpellings(name: string, aliases: readonly string[]): readonly string[] {
  const own = [name, ...aliases];
  const others = Object.entries(deployedNames).flatMap(([documented, deployed]) => {
    const all = [documented, ...deployed];
    return all.some((each) => own.includes(each)) ? all : [];
  });
  return [...new Set([...own, ...others])];
}

/**
 * The one name of a bucket that a server spells in its own way: the configured one, else the handbook's, else its own.
 * `configured`: the configured buckets with every name each may go by.
 */
export function ownName(
  spelling: string,
  configured: readonly { readonly name: string; readonly spellings: readonly string[] }[],
): string {
  const known = configured.find(({ name, spellings }) => name === spelling || spellings.includes(spelling));
  if (known !== undefined) return known.name;
  const documented = Object.entries(deployedNames).find(([, deployed]) => deployed.includes(spelling));
  return documented?.[0] ?? spelling;
}

/** The buckets to change together: the configured ones, or those of the handbook where none is configured. */
export function bucketsOfAll(environment: Pick<Environment, 'buckets'>): readonly BucketNames[] {
  const all = allBuckets(environment);
  return environment.buckets.size === 0 ? all : all.filter(({ name }) => environment.buckets.has(name));
}

/** The bucket of a name or alias; a usage error that lists the buckets where there is none. */
export function bucketNamed(environment: Pick<Environment, 'buckets'>, name: string): BucketNames {
  const all = allBuckets(environment);
  const found = all.find((each) => each.name === name) ?? all.find(({ names }) => names.includes(name));
  if (found !== undefined) return found;
  throw usageError(
    `there is no bucket "${name}"; there are: ${all.map((each) => each.name).join(', ')}`,
    'Configure it under buckets in rlctl.yaml if the server has it.',
    'UNKNOWN_BUCKET',
  );
}

/**
 * The limiter's variables that may hold a bucket's shadow flag, the likeliest first: that of the handbook where the bucket
 * is one of its four, else that of its own name.
 */
export function flagVariables({ names }: BucketNames): readonly [string, ...string[]] {
  const documented = names.filter((each) => documentedBuckets.some((one) => one === each));
  const [first = '', ...others] = [...new Set([...documented, ...names].map(variableOf))];
  return [first, ...others];
}

function variableOf(name: string): string {
  return `RATE_LIMIT_SHADOW_${name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}`;
}
