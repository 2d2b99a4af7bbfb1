import type { BucketNames } from '../config/bucket-names.js';
import { loadOverrides, matchOverride, startsRoute, type LoadedOverrides } from '../policy/matching.js';

/** A route of another bucket that a changed entry takes along, or goes on holding when what holds it now is gone. */
export interface Spill {
  readonly bucket: string;
  readonly route: string;
  /** The entry that wins for it afterwards. */
  readonly by: string;
}

/** How far a change of routes' shadow reaches, in the server's own matching order. */
export interface Reach {
  /** Routes for which another entry wins, by that entry: their shadow has no effect. */
  readonly hidden: ReadonlyMap<string, string>;
  readonly spills: readonly Spill[];
  /** Entries under a changed route that win before it and keep a shadow of their own, or none. */
  readonly exempt: readonly string[];
}

/** Compares what the server would hold before and after. `others`: the buckets that the change is not about. */
export function reachOf(
  before: Uint8Array | null,
  after: Uint8Array,
  { routes, others }: { readonly routes: readonly string[]; readonly others: readonly BucketNames[] },
): Reach {
  const [then, now] = [loadOverrides(before), loadOverrides(after)];
  const hidden = new Map(
    routes.flatMap((route) => {
      const winner = matchOverride(now, route)?.prefix;
      return winner !== undefined && winner !== route ? [[route, winner] as const] : [];
    }),
  );
  const spills = others.flatMap(({ name, routes: theirs }) =>
    theirs.filter((route) => !routes.includes(route)).flatMap((route) => spillOf(then, now, name, route, routes)),
  );
  return { hidden, spills, exempt: routes.flatMap((route) => exemptUnder(now, route, routes)) };
}

function spillOf(
  then: LoadedOverrides,
  now: LoadedOverrides,
  bucket: string,
  route: string,
  changed: readonly string[],
): Spill[] {
  const [old, winner] = [matchOverride(then, route), matchOverride(now, route)];
  if (winner === null || !changed.includes(winner.prefix)) return [];
  // The same shadow by another entry may be taken back (a panic's, say), and this one would go on holding it.
  const isSame = old?.prefix === winner.prefix && old.fields?.isShadow === winner.fields?.isShadow;
  if (isSame) return [];
  return [{ bucket, route, by: winner.prefix }];
}

function exemptUnder({ entries }: LoadedOverrides, route: string, changed: readonly string[]): readonly string[] {
  const index = entries.findIndex(({ prefix }) => prefix === route);
  const wanted = entries[index]?.fields?.isShadow;
  return entries
    .slice(0, Math.max(0, index))
    .filter(({ prefix, fields }) => fields !== null && fields.isShadow !== wanted && startsRoute(route, prefix))
    .flatMap(({ prefix }) => (prefix === route || changed.includes(prefix) ? [] : [prefix]));
}
