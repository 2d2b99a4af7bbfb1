import type { BucketNames } from '../config/bucket-names.js';
import { baseRoute } from '../policy/base-route.js';
import { matchOverride, type LoadedOverride, type LoadedOverrides } from '../policy/matching.js';

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
export function enforcingOverrides(loaded: LoadedOverrides, flagged: FlaggedBuckets): readonly string[] {
  const winners = new Set(winnersOf(loaded, flagged));
  return loaded.entries
    .filter((each) => winners.has(each) && each.fields?.isShadow === false)
    .map(({ prefix }) => prefix);
}

/**
 * Whether these buckets refuse nobody: by the override that wins, or by the flag where it leaves that open. `flag`: what the
 * servers say of it; `null`: they differ, or do not tell. `denied`: prefixes of which the server does not show what is
 * stored. `null`: not known.
 */
function isObserving(
  loaded: LoadedOverrides,
  flagged: FlaggedBuckets,
  { flag, denied }: { readonly flag: boolean | null; readonly denied: ReadonlySet<string> },
): boolean | null {
  const found = winnersOf(loaded, flagged).map((winner) => {
    const isShadow = winner?.fields?.isShadow;
    if (winner === null || isShadow === undefined) return flag;
    return isShadow && !denied.has(winner.prefix);
  });
  if (found.includes(false)) return false;
  return found.every((each) => each === true) ? true : null;
}

/** A bucket beside what each address says of its flag, in their order; `null`: it does not tell. */
export interface SaidBucket {
  readonly bucket: BucketNames;
  readonly server: readonly (boolean | null)[];
}

/** What tells whether buckets refuse nobody. */
export interface ObservingFacts extends Pick<FlaggedBuckets, 'bucketOf'> {
  /** The overrides that can have an effect; `null`: what is stored cannot be read. */
  readonly loaded: LoadedOverrides | null;
  /** Prefixes of which the server does not show what is stored. */
  readonly denied: ReadonlySet<string>;
  /** True: the limiter was off when it was last reloaded from here. */
  readonly isOff: boolean;
}

/** Whether each bucket refuses nobody, by its name; `null`: it is not known. */
export function observingByName(
  buckets: readonly SaidBucket[],
  { loaded, denied, isOff, bucketOf }: ObservingFacts,
): ReadonlyMap<string, boolean | null> {
  const tell = ({ bucket, server }: SaidBucket): boolean | null => {
    if (isOff) return true;
    if (loaded === null) return null;
    const flag = server.includes(false) ? false : server.length > 0 && !server.includes(null) ? true : null;
    return isObserving(loaded, { buckets: [bucket], isEverything: false, bucketOf }, { flag, denied });
  };
  return new Map(buckets.map((each) => [each.bucket.name, tell(each)]));
}

/** The override that wins for each route that these buckets guard, as far as routes are known; `null`: none does. */
function winnersOf(
  loaded: LoadedOverrides,
  { buckets, isEverything, bucketOf }: FlaggedBuckets,
): readonly (LoadedOverride | null)[] {
  const names = new Set<string | null>(buckets.map(({ name }) => name));
  const own = loaded.entries
    .map(({ prefix }) => prefix)
    .filter((prefix) => isEverything || names.has(bucketOf(prefix)));
  // What no override is about falls to those that catch everything.
  const rest = isEverything || buckets.some(({ routes }) => routes.length === 0) ? [baseRoute('')] : [];
  const asked = [...buckets.flatMap(({ routes }) => routes), ...own, ...rest];
  return asked.map((route) => matchOverride(loaded, route));
}
