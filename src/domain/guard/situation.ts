import type { Policy } from '../control-plane.js';
import type { RouteChange } from '../override/history.js';
import { startsRoute, type LoadedOverride, type LoadedOverrides, type OverrideFields } from '../policy/matching.js';
import { OverrideIndex } from '../policy/prefix-index.js';
import { isUnscoped, type GuardRequirement, type GuardRule } from './rule.js';

/** One route whose policy a change touches: a changed prefix, or a route that another prefix takes along. */
export interface GuardedRoute {
  readonly route: string;
  /** True: its own entry is changed. False: it gets another policy because another entry wins for it. */
  readonly isOwn: boolean;
  /** The prefix that wins for it afterwards; `null`: none. */
  readonly winner: string | null;
  /** Every name of the bucket that guards it; empty: no bucket is configured for it. */
  readonly buckets: readonly string[];
  /** What the override that it met set before, as the server reads it; `null`: it met none. */
  readonly before: OverrideFields | null;
  readonly after: OverrideFields | null;
  /**
   * What its own entry set before; `null`: it had none that the server used, or one that another hid and that now wins,
   * so that all of it is new there.
   */
  readonly own: OverrideFields | null;
  /** The bucket's own policy, as a server says it; `null`: not known. */
  readonly base: Policy | null;
}

/** A bucket's flag that is set outside the document. */
export interface GuardedFlag {
  /** As configured. */
  readonly bucket: string;
  readonly names: readonly string[];
  /** The bucket's configured routes. */
  readonly routes: readonly string[];
  /** What it will be; `null`: the bucket has no flag of its own any more. */
  readonly isShadow: boolean | null;
}

/** Everything that a guard judges by. */
export interface GuardSituation {
  readonly command: string;
  readonly routes: readonly GuardedRoute[];
  readonly flags: readonly GuardedFlag[];
  /** True: nothing is written, and what is stored is made to take hold. */
  readonly isReloadOnly: boolean;
  /** What the change carries. */
  readonly given: ReadonlySet<GuardRequirement>;
  readonly nowMs: number;
}

/** What is configured about buckets. */
export interface BucketMap {
  /** The bucket that guards a route with all its names; `null`: none is configured for it. */
  readonly bucketOf: (route: string) => { readonly name: string; readonly names: readonly string[] } | null;
  readonly buckets: readonly { readonly names: readonly string[]; readonly routes: readonly string[] }[];
}

/** A change of the document, as the server would hold it before and after. */
export interface DocumentChange {
  readonly before: LoadedOverrides;
  readonly after: LoadedOverrides;
  readonly changes: readonly Pick<RouteChange, 'route'>[];
}

/**
 * The routes that rules are to judge: every changed prefix, and of the routes that the rules or their buckets name those
 * for which the change lets another policy win. A changed entry counts by its own value, also while another hides it; a
 * removed one, and one that the server skips, by what wins there then.
 */
export function guardedRoutes(
  rules: readonly GuardRule[],
  { before, after, changes }: DocumentChange,
  { bucketOf, buckets }: BucketMap,
): readonly Omit<GuardedRoute, 'base'>[] {
  const [then, now] = [new OverrideIndex(before), new OverrideIndex(after)];
  const changed = new Set(changes.map(({ route }) => route));
  const named = namedRoutes(rules, buckets).filter((route) => !changed.has(route));
  const own = [...changed].map((route) => {
    const [old, current] = [standing(then, route), standing(now, route)];
    return {
      route,
      isOwn: true,
      winner: current?.prefix ?? null,
      before: old?.fields ?? null,
      after: current?.fields ?? null,
      own: isUncovered(then, now, route) ? null : (then.own(route)?.fields ?? null),
    };
  });
  const taken = named.flatMap((route) => {
    const [old, current] = [then.winnerOf(route), now.winnerOf(route)];
    const [was, is] = [old?.fields ?? null, current?.fields ?? null];
    if (isSamePolicy(was, is)) return [];
    return [{ route, isOwn: false, winner: current?.prefix ?? null, before: was, after: is, own: null }];
  });
  return [...own, ...taken].map((each) => ({ ...each, buckets: bucketOf(each.route)?.names ?? [] }));
}

function namedRoutes(rules: readonly GuardRule[], buckets: BucketMap['buckets']): readonly string[] {
  const routes = rules.flatMap((rule) => [
    ...(rule.routes ?? []),
    ...(rule.buckets ?? []).flatMap((name) =>
      buckets.filter(({ names }) => names.includes(name)).flatMap((bucket) => bucket.routes),
    ),
  ]);
  return [...new Set(routes)];
}

/** True where an entry wins that another one hid before. */
function isUncovered(then: OverrideIndex, now: OverrideIndex, route: string): boolean {
  return now.winnerOf(route)?.prefix === route && then.winnerOf(route)?.prefix !== route;
}

/** A prefix's own entry where the server can use it, else what wins there. */
function standing(index: OverrideIndex, route: string): LoadedOverride | null {
  return index.own(route) ?? index.winnerOf(route);
}

function isSamePolicy(a: OverrideFields | null, b: OverrideFields | null): boolean {
  if (a === null || b === null) return a === b;
  const names = ['ratePerMin', 'burst', 'windowSeconds', 'isShadow'] as const;
  return names.every((name) => a[name] === b[name]);
}

/** The routes of a situation that a rule is about. */
export function routesInScope(rule: GuardRule, routes: readonly GuardedRoute[]): readonly GuardedRoute[] {
  // What is taken along was named by another rule; everything that is changed is among the others.
  if (isUnscoped(rule)) return routes.filter(({ isOwn }) => isOwn);
  return routes.filter(({ route, buckets }) => {
    const isBucket = rule.buckets?.some((name) => buckets.includes(name)) === true;
    return isBucket || rule.routes?.some((prefix) => startsRoute(prefix, route)) === true;
  });
}

/** The flags of a situation that a rule is about: a bucket's flag holds for each of its routes. */
export function flagsInScope(rule: GuardRule, flags: readonly GuardedFlag[]): readonly GuardedFlag[] {
  if (isUnscoped(rule)) return flags;
  return flags.filter(({ names, routes }) => {
    const isBucket = rule.buckets?.some((name) => names.includes(name)) === true;
    const isReached = (prefix: string): boolean =>
      routes.some((route) => startsRoute(prefix, route) || startsRoute(route, prefix));
    return isBucket || rule.routes?.some(isReached) === true;
  });
}
