import type { Policy, PolicyAnswer } from '../control-plane.js';
import { quoteOutside } from '../outside-text.js';
import { effectivePolicy, matchOverride, type LoadedOverride, type LoadedOverrides } from '../policy/matching.js';
import type { OverrideIndex } from '../policy/prefix-index.js';

/** What the server should say for a prefix, by what is stored. */
export interface Expectation {
  readonly prefix: string;
  /** The route to ask for: the prefix itself. */
  readonly route: string;
  /** The override that wins there, which may be another one that hides the prefix; `null`: none, so the base applies. */
  readonly winner: LoadedOverride | null;
}

/** What one answer shows. */
export interface Comparison {
  /**
   * `shown`: as stored, and not what the server would say without it. `silent`: as stored, but it would say the same
   * without. `differs`: something else. `unknown`: there is nothing to compare it with.
   */
  readonly kind: 'shown' | 'silent' | 'differs' | 'unknown';
  /** For `differs`: what differs, such as `burst 10 instead of 20`. Empty otherwise. */
  readonly differences: string;
  /** True where the answer is exactly the base: as if there were no override. */
  readonly isBase: boolean;
  /** The override the server names that is not stored at all; `null`: none. */
  readonly foreignOverride: string | null;
}

const fieldNames = [
  ['ratePerMin', 'rate'],
  ['burst', 'burst'],
  ['windowSeconds', 'window'],
  ['isShadow', 'shadow'],
] as const;

/** The route that stands for a prefix: the prefix itself; the empty one as `/`, since an empty route matches nothing. */
export function routeOfPrefix(prefix: string): string {
  return prefix === '' ? '/' : prefix;
}

/** What the server should say for this prefix; `index`: of the same overrides, where many are asked for. */
export function expectationOf(loaded: LoadedOverrides, prefix: string, index?: OverrideIndex): Expectation {
  const route = routeOfPrefix(prefix);
  return { prefix, route, winner: index === undefined ? matchOverride(loaded, route) : index.winnerOf(route) };
}

/** Compares one answer with what is expected; `base` is the server's own policy for the answer's bucket, if known. */
export function compareAnswer(
  { winner }: Expectation,
  answer: PolicyAnswer,
  base: Policy | null,
  loaded: LoadedOverrides,
): Comparison {
  const differences = [...fieldDifferences(winner, answer, base), ...matchDifference(winner, answer)];
  const isBase = base !== null && fieldNames.every(([field]) => answer[field] === base[field]);
  const named = answer.matchedOverride ?? null;
  const isExpected = named === null || named === winner?.prefix;
  const isForeign = !isExpected && loaded.entries.every(({ prefix }) => prefix !== named);
  const rest = { differences: differences.join(', '), isBase, foreignOverride: isForeign ? named : null };
  if (differences.length > 0) return { kind: 'differs', ...rest };
  return { kind: meaningOfAgreement(winner, answer, base), ...rest };
}

function meaningOfAgreement(
  winner: LoadedOverride | null,
  answer: PolicyAnswer,
  base: Policy | null,
): Comparison['kind'] {
  if (answer.matchedOverride !== undefined) return 'shown';
  if (winner === null) return base === null ? 'unknown' : 'shown';
  if (base === null) return Object.keys(winner.fields ?? {}).length > 0 ? 'shown' : 'silent';
  const expected = effectivePolicy(base, winner);
  return fieldNames.every(([field]) => expected[field] === base[field]) ? 'silent' : 'shown';
}

function fieldDifferences(winner: LoadedOverride | null, answer: PolicyAnswer, base: Policy | null): string[] {
  const expected = base === null ? (winner?.fields ?? {}) : effectivePolicy(base, winner);
  return fieldNames.flatMap(([field, name]) => {
    const wanted = expected[field];
    return wanted === undefined || wanted === answer[field] ? [] : [`${name} ${answer[field]} instead of ${wanted}`];
  });
}

function matchDifference(winner: LoadedOverride | null, { matchedOverride }: PolicyAnswer): string[] {
  if (matchedOverride === undefined || matchedOverride === (winner?.prefix ?? null)) return [];
  const found = matchedOverride === null ? 'no override' : `the override "${quoteOutside(matchedOverride)}"`;
  const wanted = winner === null ? 'none' : `"${quoteOutside(winner.prefix)}"`;
  return [`${found} matched instead of ${wanted}`];
}
