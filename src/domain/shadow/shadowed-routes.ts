import { matchOverride, startsRoute, type LoadedOverrides } from '../policy/matching.js';

/** How many of a bucket's routes are in shadow by the override that wins for them. */
export function shadowedRoutes(loaded: LoadedOverrides, routes: readonly string[]): number {
  return routes.filter((route) => matchOverride(loaded, route)?.fields?.isShadow === true).length;
}

/**
 * How much of a bucket is in shadow by overrides, as stored and not denied by the server. `count`: its routes in shadow as
 * stored; `denied`: prefixes whose shadow the server does not show; `unshadowed`: entries under them that are not.
 */
export function shadowByOverrides(
  routes: readonly string[],
  count: number,
  { denied, unshadowed }: { readonly denied: readonly string[]; readonly unshadowed: readonly string[] },
): 'all' | 'some' | 'none' {
  const isDenied = denied.some((prefix) => routes.some((route) => startsRoute(prefix, route)));
  if (count === 0 || isDenied) return 'none';
  return count === routes.length && unshadowed.length === 0 ? 'all' : 'some';
}
