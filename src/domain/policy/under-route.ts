import { startsRoute, type LoadedOverride, type LoadedOverrides } from './matching.js';
import { OverrideIndex } from './prefix-index.js';

/** The overrides of longer prefixes under a route that win for their own routes, in the server's order. */
export function overridesUnder(loaded: LoadedOverrides, route: string): readonly LoadedOverride[] {
  const index = new OverrideIndex(loaded);
  return loaded.entries.filter(
    (entry) => entry.prefix !== route && startsRoute(route, entry.prefix) && index.winnerOf(entry.prefix) === entry,
  );
}

/** What keeps routes under a route that is in shadow from being in shadow too. */
export interface LeftUnder {
  /** Prefixes whose override refuses: by itself, or because it leaves that to a flag that does. */
  readonly enforcing: readonly string[];
  /** Prefixes whose override leaves it to a flag that is not known. */
  readonly untold: readonly string[];
}

/** `flagOf`: whether the bucket that guards a route is in shadow by its flag; `null`: not known. */
export function leftUnder(under: readonly LoadedOverride[], flagOf: (route: string) => boolean | null): LeftUnder {
  const told = under.map(({ prefix, fields }) => ({ prefix, isShadow: fields?.isShadow ?? flagOf(prefix) }));
  const those = (wanted: boolean | null): readonly string[] =>
    told.filter(({ isShadow }) => isShadow === wanted).map(({ prefix }) => prefix);
  return { enforcing: those(false), untold: those(null) };
}
