import { Option, type Command } from 'commander';
import { allBuckets, bucketNamed, bucketsOfAll, type BucketNames } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { collect, listFlag, switchFlag, type Flags } from '../command.js';

/** What is to go into shadow or out of it. */
export type ShadowTarget =
  | { readonly kind: 'bucket'; readonly name: string }
  | { readonly kind: 'routes'; readonly routes: readonly string[] }
  | { readonly kind: 'all' };

export function addTargetFlags(command: Command): void {
  command
    .argument('[bucket]', 'bucket, by its name or an alias')
    .addOption(
      new Option(
        '--route <prefix>',
        'a route prefix instead of a bucket; repeatable; always through overrides',
      ).argParser(collect),
    )
    .addOption(new Option('--all', 'every configured bucket'))
    .addOption(new Option('--include-others', 'go on where its routes catch routes of other buckets'));
}

/** Exactly one of BUCKET, --route and --all. */
export function targetOf(bucket: string | undefined, flags: Flags): ShadowTarget {
  const routes = listFlag(flags, 'route');
  const given: ShadowTarget[] = [
    ...(bucket === undefined ? [] : [{ kind: 'bucket', name: bucket } as const]),
    ...(routes.length === 0 ? [] : [{ kind: 'routes', routes } as const]),
    ...(switchFlag(flags, 'all') ? [{ kind: 'all' } as const] : []),
  ];
  const [target] = given;
  if (target !== undefined && given.length === 1) return target;
  throw usageError(
    given.length === 0
      ? 'neither a bucket nor --route nor --all is given'
      : 'only one of bucket, --route and --all may be given',
    'Name one, e.g. "rlctl shadow on financial"; see the buckets with: rlctl shadow list',
  );
}

/** The buckets of a target; empty for routes. */
export function bucketsOf(environment: Environment, target: ShadowTarget): readonly BucketNames[] {
  if (target.kind === 'bucket') return [bucketNamed(environment, target.name)];
  return target.kind === 'all' ? bucketsOfAll(environment) : [];
}

/** What a target comes to where overrides carry it. */
export interface TargetRoutes {
  readonly routes: readonly string[];
  /** The buckets it is not about. */
  readonly others: readonly BucketNames[];
  /** The buckets it is about that have no routes, so that nothing happens to them. */
  readonly left: readonly BucketNames[];
}

/** The routes of a target; a usage error where there are none. */
export function routesOf(environment: Environment, target: ShadowTarget): TargetRoutes {
  const all = allBuckets(environment);
  if (target.kind === 'routes') {
    const { routes } = target;
    const isNamed = (bucket: BucketNames): boolean => bucket.routes.some((route) => routes.includes(route));
    return { routes, others: all.filter((bucket) => !isNamed(bucket)), left: [] };
  }
  const wanted = bucketsOf(environment, target);
  const routes = [...new Set(wanted.flatMap((bucket) => bucket.routes))];
  if (routes.length > 0) {
    const others = all.filter(({ name }) => !wanted.some((each) => each.name === name));
    return { routes, others, left: wanted.filter((bucket) => bucket.routes.length === 0) };
  }
  const what = target.kind === 'all' ? 'no bucket' : `the bucket "${wanted[0]?.name ?? ''}"`;
  throw usageError(
    `${what} has ${target.kind === 'all' ? 'routes' : 'no routes'} in the configuration, and overrides are the way flags are flipped here`,
    'Set buckets.NAME.routes in rlctl.yaml, name routes with --route, or set shadowDriver to env-file or exec.',
    'BUCKET_WITHOUT_ROUTES',
  );
}
