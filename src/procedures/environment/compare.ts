import { failureOf, type Finding } from '../../domain/finding.js';
import { keptDiff, type RouteDiff } from '../../domain/override/diff.js';
import { lostFinding } from '../../domain/override/document-gone.js';
import { rawValue } from '../../domain/override/document.js';
import { valueOf } from '../../domain/part.js';
import { diffEntries } from '../override/compare-file.js';
import type { OverrideListing } from '../override/inspect.js';
import { rawOf } from '../override/plan.js';
import { factsOf, type Fact, type KnownOfEnvironment } from './facts.js';
import type { EnvironmentLook } from './look.js';

/** What is recorded of an override and is not its author: when it ends, and what manages it. */
export interface RouteTerms {
  /** Epoch milliseconds; `null`: it stays. */
  readonly untilMs: number | null;
  /** `null`: nobody but people. */
  readonly owner: string | null;
  /** True: there is no entry, for a while only. */
  readonly isRemoved: boolean;
}

/** A route that two environments treat differently. */
export interface EnvironmentRoute {
  /** From the left one (before) to the right one (after); kind `kept`: only what is recorded of it differs. */
  readonly diff: RouteDiff;
  /** `null`: nothing is recorded there. */
  readonly left: RouteTerms | null;
  readonly right: RouteTerms | null;
}

/** Two environments side by side. */
export interface EnvironmentComparison {
  /** In the order of the right one; `null`: one side's overrides are not known. */
  readonly routes: readonly EnvironmentRoute[] | null;
  /** Overrides that are the same on both sides. */
  readonly sameCount: number;
  readonly facts: readonly Fact[];
  /** What did not answer, on each side. */
  readonly failures: { readonly left: readonly Finding[]; readonly right: readonly Finding[] };
  /** What was stored and is lost, on each side: there is less to compare than there was. */
  readonly lost: { readonly left: readonly Finding[]; readonly right: readonly Finding[] };
  /** True where an override, or a fact that counts, differs. */
  readonly isDifferent: boolean;
}

/** Puts two environments side by side. Pure. */
export function compareEnvironments(left: KnownOfEnvironment, right: KnownOfEnvironment): EnvironmentComparison {
  const [one, other] = [valueOf(left.look.overrides), valueOf(right.look.overrides)];
  const routes = one === null || other === null ? null : routesOf(one, other);
  const facts = factsOf(left, right);
  const differing = new Set(routes?.map(({ diff }) => diff.route));
  return {
    routes,
    sameCount: routes === null ? 0 : (other?.overrides.filter(({ prefix }) => !differing.has(prefix)).length ?? 0),
    facts,
    failures: { left: failuresOf(left.look), right: failuresOf(right.look) },
    lost: { left: lostOf(left), right: lostOf(right) },
    isDifferent: differing.size > 0 || facts.some(({ isCounted }) => isCounted),
  };
}

function lostOf({ look, lastRevision }: KnownOfEnvironment): readonly Finding[] {
  const listing = valueOf(look.overrides);
  const lost = listing && lostFinding(listing.stored, lastRevision);
  return lost === null ? [] : [lost];
}

function failuresOf({ overrides, redisVersion, servers }: EnvironmentLook): readonly Finding[] {
  const all = [
    ...failureOf('overrides', overrides),
    ...servers.flatMap(({ target, flags, version }) => [...failureOf(target, flags), ...failureOf(target, version)]),
    ...failureOf('redis', redisVersion),
  ];
  // One server that is down fails every question in the same way.
  const isSame = (one: Finding, other: Finding): boolean => one.code === other.code && placeOf(one) === placeOf(other);
  return all.filter((each, index) => all.findIndex((other) => isSame(each, other)) === index);
}

function placeOf({ part }: Finding): string {
  return part === 'overrides' ? 'redis' : part;
}

function routesOf(left: OverrideListing, right: OverrideListing): readonly EnvironmentRoute[] {
  const { document } = right;
  const entries = document.members.map((member) => ({ prefix: member.key, raw: rawValue(document, member) }));
  const diffs = diffEntries(left.document, entries);
  const [leftTerms, rightTerms] = [termsOf(left), termsOf(right)];
  const told = new Set(diffs.map(({ route }) => route));
  const routes = new Set([...leftTerms.keys(), ...rightTerms.keys()]);
  const kept = [...routes].filter(
    (route) => !told.has(route) && !areSame(leftTerms.get(route) ?? null, rightTerms.get(route) ?? null),
  );
  const all = [
    ...diffs,
    ...kept.map((route) =>
      keptDiff({ route, before: rawOf(left.document, route), after: rawOf(right.document, route) }),
    ),
  ];
  return all.map((diff) => ({
    diff,
    left: leftTerms.get(diff.route) ?? null,
    right: rightTerms.get(diff.route) ?? null,
  }));
}

function termsOf({ overrides, removed }: OverrideListing): ReadonlyMap<string, RouteTerms> {
  return new Map<string, RouteTerms>([
    ...overrides.flatMap(({ prefix, end, metadata }): (readonly [string, RouteTerms])[] => {
      const terms = { untilMs: end?.untilMs ?? null, owner: metadata?.owner ?? null, isRemoved: false };
      return terms.untilMs === null && terms.owner === null ? [] : [[prefix, terms]];
    }),
    // What a change set and somebody else took out is no temporary removal.
    ...removed
      .filter(({ wrote }) => wrote === null)
      .map(({ route, untilMs, metadata }): readonly [string, RouteTerms] => [
        route,
        { untilMs, owner: metadata.owner ?? null, isRemoved: true },
      ]),
  ]);
}

function areSame(one: RouteTerms | null, other: RouteTerms | null): boolean {
  return one?.untilMs === other?.untilMs && one?.owner === other?.owner && one?.isRemoved === other?.isRemoved;
}
