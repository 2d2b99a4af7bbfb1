import type { BucketNames } from '../config/bucket-names.js';
import { baseRoute } from '../policy/base-route.js';
import { matchOverride, type LoadedOverrides } from '../policy/matching.js';

/** What is to be in shadow by its flags. */
export interface FlaggedBuckets {
  readonly buckets: readonly BucketNames[];
  /** True: all there is, also the routes whose bucket is not known. */
  readonly isEverything: boolean;
  /** The bucket of a route by the configuration; `null`: not known. */
  readonly bucketOf: (route: string) => string | null;
}

/**
 * The prefixes whose override keeps something enforced whatever the bucket's flag says, because it sets `shadow: false`
 * itself and wins there; one without a shadow of its own leaves it to the flag. In the server's order.
 */
export function enforcingOverrides(
  loaded: LoadedOverrides,
  { buckets, isEverything, bucketOf }: FlaggedBuckets,
): readonly string[] {
  const names = new Set<string | null>(buckets.map(({ name }) => name));
  const own = loaded.entries
    .map(({ prefix }) => prefix)
    .filter((prefix) => isEverything || names.has(bucketOf(prefix)));
  // What no override is about falls to those that catch everything.
  const rest = isEverything || buckets.some(({ routes }) => routes.length === 0) ? [baseRoute('')] : [];
  const asked = [...buckets.flatMap(({ routes }) => routes), ...own, ...rest];
  const winners = new Set(asked.map((route) => matchOverride(loaded, route)));
  return loaded.entries
    .filter((each) => winners.has(each) && each.fields?.isShadow === false)
    .map(({ prefix }) => prefix);
}
