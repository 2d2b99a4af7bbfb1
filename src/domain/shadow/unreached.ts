import { bucketOfRoute, type Environment } from '../config/environment.js';
import { matchOverride, startsRoute, type LoadedOverrides } from '../policy/matching.js';

/** An entry that wins for a part of a bucket's routes, and does not have the shadow that the rest of them has by overrides. */
export interface Unreached {
  readonly prefix: string;
  readonly bucket: string;
  /** As the server reads it; `false` also where it carries none. */
  readonly isShadow: boolean;
}

/**
 * What the overrides that win for these buckets' routes do not reach: entries that stand before them, for routes under
 * them. Each once; empty: they reach all of it, or no override wins for these routes.
 */
export function unreachedOf(
  loaded: LoadedOverrides,
  environment: Pick<Environment, 'buckets'>,
  names: readonly string[],
): readonly Unreached[] {
  const found = names.flatMap((bucket) =>
    (environment.buckets.get(bucket)?.routes ?? []).flatMap((route) => {
      const winner = matchOverride(loaded, route);
      if (winner === null) return [];
      const isWanted = winner.fields?.isShadow === true;
      return loaded.entries.slice(0, loaded.entries.indexOf(winner)).flatMap(({ prefix, fields }): Unreached[] => {
        const isShadow = fields?.isShadow === true;
        const isMeant = fields !== null && isShadow !== isWanted && startsRoute(route, prefix);
        return isMeant && bucketOfRoute(environment, prefix) === bucket ? [{ prefix, bucket, isShadow }] : [];
      });
    }),
  );
  return [...new Map(found.map((each) => [each.prefix, each])).values()];
}

/** Entries that go on without shadow under a bucket's routes that overrides put into shadow. */
export function unshadowedUnder(
  loaded: LoadedOverrides,
  environment: Pick<Environment, 'buckets'>,
  bucket: string,
): readonly string[] {
  return unreachedOf(loaded, environment, [bucket]).flatMap(({ prefix, isShadow }) => (isShadow ? [] : [prefix]));
}

/** `read without "/api/search", which stands earlier and goes on as it is` */
export function unreachedText({ prefix, bucket, isShadow }: Unreached): string {
  return `${bucket} without ${JSON.stringify(prefix)}, which stands earlier and ${isShadow ? 'stays in shadow' : 'goes on as it is'}`;
}
