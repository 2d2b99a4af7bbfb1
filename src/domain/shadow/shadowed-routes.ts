import type { BucketNames } from '../config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../config/environment.js';
import { startsRoute, type LoadedOverride, type LoadedOverrides } from '../policy/matching.js';
import { OverrideIndex } from '../policy/prefix-index.js';
import { unshadowedUnder } from './unreached.js';

/** How much of a bucket overrides put into shadow, as stored and not denied by the server. */
export interface ShadowByOverrides {
  readonly reach: 'all' | 'some' | 'none';
  /** How many of its configured routes are in shadow, as stored. */
  readonly count: number;
  /** Entries under those that win for a part of them and are not in shadow. */
  readonly unshadowed: readonly string[];
  /** Entries in shadow for a part of what is not, in the server's order. */
  readonly parts: readonly string[];
}

/** `denied`: prefixes whose shadow the server does not show. */
export function shadowByOverrides(
  loaded: LoadedOverrides,
  environment: Pick<Environment, 'buckets'>,
  { name, routes }: Pick<BucketNames, 'name' | 'routes'>,
  denied: readonly string[],
): ShadowByOverrides {
  const index = new OverrideIndex(loaded);
  const shadowed = routes.filter((route) => index.winnerOf(route)?.fields?.isShadow === true);
  const unshadowed = unshadowedUnder(loaded, environment, name);
  const isPart = (entry: LoadedOverride): boolean =>
    entry.fields?.isShadow === true &&
    !denied.includes(entry.prefix) &&
    bucketOfRoute(environment, entry.prefix) === name &&
    !shadowed.some((route) => startsRoute(route, entry.prefix)) &&
    index.winnerOf(entry.prefix) === entry;
  const parts = loaded.entries.filter(isPart).map(({ prefix }) => prefix);
  const isDenied = denied.some((prefix) => routes.some((route) => startsRoute(prefix, route)));
  const isAny = shadowed.length > 0 && !isDenied;
  const isAll = isAny && shadowed.length === routes.length && unshadowed.length === 0;
  const reach = isAll ? 'all' : isAny || parts.length > 0 ? 'some' : 'none';
  return { reach, count: shadowed.length, unshadowed, parts };
}
