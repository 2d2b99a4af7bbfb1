import type { Bounds, GuardField, GuardRequirement, GuardRule } from './rule.js';

/** One limit of a rule that a change does not keep. */
export interface Violation {
  /** The key of the rule that says so. */
  readonly limit: 'rate' | 'burst' | 'window' | 'factor' | 'never' | 'require' | 'freeze' | 'deny' | 'only';
  /** What the change does not carry; `null`: it is about something else. */
  readonly requirement: GuardRequirement | null;
  /** `null`: it is about the change as a whole, or about a bucket's flag. */
  readonly route: string | null;
  /** The number that it is about; `null`: none. */
  readonly field: GuardField | null;
  /** The bucket whose flag it is about; `null`: none's. */
  readonly bucket: string | null;
  /** What the change would make of it; `null`: no single value. */
  readonly value: number | boolean | null;
  /** What stands there before the change, where that counts; `null`: it does not, or nothing did. */
  readonly before: number | null;
  /** The values that would be let through; `null`: it is no matter of a range. */
  readonly allowed: Bounds | null;
  /** When it is over, epoch milliseconds; `null`: it does not end by itself. */
  readonly untilMs: number | null;
  /** What is wrong, without the route: `rate 500 is above 10`. */
  readonly text: string;
  /** What would be let through, where that is no matter of a range: `add --ticket ID`. Empty: it is. */
  readonly cure: string;
}

/** What one rule says of a change that it is about. */
export interface GuardVerdict {
  readonly rule: GuardRule;
  /** Every limit that is not kept; empty: the rule lets the change through. */
  readonly violations: readonly Violation[];
  /** What could not be judged, in sentences; that alone refuses nothing. */
  readonly unjudged: readonly string[];
  /** What was out of its limits before and stays as it was, in sentences; that refuses nothing. */
  readonly standing: readonly string[];
}

/** A verdict with what the operator said about it. */
export interface SettledVerdict extends GuardVerdict {
  /** `overridden`: it would refuse, and was overridden. `notJudged`: nothing speaks against it, and not all could be judged. */
  readonly outcome: 'allowed' | 'notJudged' | 'overridden' | 'refused';
}

/** What guards say of a change, and what is to be said of the names that were given. */
export interface GuardsSaid {
  readonly verdicts: readonly SettledVerdict[];
  /** Sentences: names that did not have to be given, and freezes that do not hold for an emergency. */
  readonly remarks: readonly string[];
}

/** Lays the names given with `--override-guard` over the verdicts. A rule that nobody may override refuses all the same. */
export function settle(verdicts: readonly GuardVerdict[], overridden: readonly string[]): readonly SettledVerdict[] {
  return verdicts.map((verdict) => {
    const { rule, violations, unjudged } = verdict;
    if (violations.length === 0) return { ...verdict, outcome: unjudged.length > 0 ? 'notJudged' : 'allowed' };
    return { ...verdict, outcome: rule.isOverridable && overridden.includes(rule.name) ? 'overridden' : 'refused' };
  });
}

/** A remark for each name given that changed nothing, because its rule lets the change through or is not about it. */
export function needlessRemarks(verdicts: readonly SettledVerdict[], overridden: readonly string[]): readonly string[] {
  const needed = new Set(verdicts.filter(({ violations }) => violations.length > 0).map(({ rule }) => rule.name));
  const needless = [...new Set(overridden)].filter((name) => !needed.has(name));
  return needless.map((name) => `the guard "${name}" did not have to be overridden`);
}

/** The names of the rules that were overridden: what is recorded of it. */
export function overriddenNames(verdicts: readonly SettledVerdict[]): readonly string[] {
  return verdicts.filter(({ outcome }) => outcome === 'overridden').map(({ rule }) => rule.name);
}
