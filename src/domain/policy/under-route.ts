import { bucketsUnder } from '../config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../config/environment.js';
import { startsRoute, type LoadedOverride, type LoadedOverrides } from './matching.js';
import { OverrideIndex } from './prefix-index.js';

/** What lies under a route and may be decided otherwise than the route itself. */
export interface UnderRoute {
  /** The overrides of longer prefixes that win for their own routes, in the server's order. */
  readonly overrides: readonly PlacedOverride[];
  /** The configured routes of other buckets. */
  readonly routes: readonly RouteUnder[];
}

interface PlacedOverride extends LoadedOverride {
  /** The bucket that guards it; `null`: the configuration does not say. */
  readonly bucket: string | null;
}

interface RouteUnder {
  readonly route: string;
  readonly bucket: string;
  /** The override that wins for it; `null`: none does. */
  readonly winner: LoadedOverride | null;
}

/** What the stored overrides and the configured routes make of what lies under a route of this bucket. */
export function underRoute(
  loaded: LoadedOverrides,
  environment: Pick<Environment, 'buckets'>,
  { route, bucket }: { readonly route: string; readonly bucket: string },
): UnderRoute {
  const index = new OverrideIndex(loaded);
  const overrides = loaded.entries
    .filter(({ prefix }) => prefix !== route && startsRoute(route, prefix))
    .filter((entry) => index.winnerOf(entry.prefix) === entry)
    .map((entry) => ({ ...entry, bucket: bucketOfRoute(environment, entry.prefix) }));
  const routes = bucketsUnder(environment, route)
    .filter(({ names }) => !names.includes(bucket))
    .flatMap((other) =>
      other.routes.map((each) => ({ route: each, bucket: other.name, winner: index.winnerOf(each) })),
    );
  return { overrides, routes };
}

/** The buckets whose flag may decide something under a route of the bucket `own`, each once. */
export function bucketsToAsk({ overrides, routes }: UnderRoute, own: string): readonly string[] {
  const open = overrides.filter(({ fields }) => fields?.isShadow === undefined).flatMap(({ bucket }) => bucket ?? []);
  return [...new Set([...open, ...routes.map(({ bucket }) => bucket)])].filter((bucket) => bucket !== own);
}

/** What keeps routes under a route that is in shadow from being in shadow too. */
export interface LeftUnder {
  /** What refuses: by itself, or because it leaves that to a flag that does. */
  readonly enforcing: Left;
  /** What leaves it to a flag that is not known. */
  readonly untold: Left;
}

interface Left {
  /** Prefixes of overrides. */
  readonly overrides: readonly string[];
  /** Buckets whose own policy holds for some of their routes. */
  readonly buckets: readonly string[];
}

/**
 * `flagOf`: whether a bucket is in shadow by its flag; `null`: not known. `areHeeded`: false where overrides are known to
 * have no effect, so that flags alone decide.
 */
export function leftUnder(
  { overrides, routes }: UnderRoute,
  flagOf: (bucket: string) => boolean | null,
  areHeeded: boolean,
): LeftUnder {
  const heeded = areHeeded ? overrides : [];
  const byOverride = heeded.map(({ prefix, bucket, fields }) => ({
    name: prefix,
    isShadow: fields?.isShadow ?? (bucket === null ? null : flagOf(bucket)),
  }));
  // What an override decides is told by it, but for a route of another bucket than its own that it leaves to the flag.
  const isToldByOverride = ({ bucket, winner }: RouteUnder): boolean =>
    heeded.some(
      ({ prefix, bucket: own, fields }) =>
        prefix === winner?.prefix && (own === bucket || fields?.isShadow !== undefined),
    );
  const byBucket = routes
    .filter((each) => !isToldByOverride(each))
    .map(({ bucket, winner }) => ({
      name: bucket,
      isShadow: (areHeeded ? winner?.fields?.isShadow : null) ?? flagOf(bucket),
    }));
  const left = (wanted: boolean | null): Left => ({
    overrides: byOverride.filter(({ isShadow }) => isShadow === wanted).map(({ name }) => name),
    buckets: [...new Set(byBucket.filter(({ isShadow }) => isShadow === wanted).map(({ name }) => name))],
  });
  return { enforcing: left(false), untold: left(null) };
}
