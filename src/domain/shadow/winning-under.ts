import { loadOverrides, startsRoute } from '../policy/matching.js';

/**
 * The entries that win before a prefix for routes under it, in the server's order; what is itself one of the prefixes is
 * none. `isMeant`: which of them, by whether they only observe.
 */
export function winningUnder(
  bytes: Uint8Array,
  prefixes: readonly string[],
  isMeant: (isShadow: boolean) => boolean,
): readonly string[] {
  const { entries } = loadOverrides(bytes);
  const places = new Map(entries.map((entry, index) => [entry.prefix, index]));
  return entries
    .filter(({ prefix, fields }, index) => {
      if (fields === null || !isMeant(fields.isShadow === true) || prefixes.includes(prefix)) return false;
      return prefixes.some((each) => startsRoute(each, prefix) && index < (places.get(each) ?? -1));
    })
    .map(({ prefix }) => prefix);
}
