import { matchOverride, type LoadedOverrides } from '../policy/matching.js';

/** How many of a bucket's routes are in shadow by the override that wins for them. */
export function shadowedRoutes(loaded: LoadedOverrides, routes: readonly string[]): number {
  return routes.filter((route) => matchOverride(loaded, route)?.fields?.isShadow === true).length;
}
