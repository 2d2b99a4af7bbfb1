import { counted } from '../counted.js';
import { needFlags, wayAroundLine, type Demand, type WayAround } from '../demand.js';
import { usageError } from '../errors.js';
import { nearNames } from '../near-names.js';
import { fieldName, type Bounds, type GuardRule } from './rule.js';
import type { SettledVerdict, Violation } from './verdict.js';

/** What a refusal is told with. */
export interface RefusalFacts {
  readonly command: string;
  /** The line of a rule in its file, by its position; `null`: not known. */
  readonly lineOf: (rule: GuardRule) => number | null;
  /** Whether a reason was given, which overriding wants. */
  readonly hasReason: boolean;
}

/** Every rule that refuses, its place, and what would be let through; `null`: none does. */
export function guardDemand(verdicts: readonly SettledVerdict[], facts: RefusalFacts): Demand | null {
  const refusing = verdicts.filter(({ outcome }) => outcome === 'refused');
  if (refusing.length === 0) return null;
  const violations = refusing.flatMap((verdict) => verdict.violations);
  const lines = refusing.flatMap((verdict) => [
    `  ${verdict.rule.name} (${placeOf(verdict.rule, facts)})`,
    ...verdict.violations.map((each) => `    ${violationText(each)}`),
  ]);
  const what = refusing.length === 1 ? 'a guard refuses' : `${counted(refusing.length, 'guard')} refuse`;
  const missing = violations.flatMap(({ requirement }) => (requirement === null ? [] : [requirement]));
  const isFlagsAlone = missing.length === violations.length;
  const wayAround = wayAroundOf(refusing, facts);
  const nobody = nobodyMay(refusing);
  const way = wayAround === null ? [] : [wayAroundLine(wayAround, [])];
  return {
    code: 'GUARD_REFUSED',
    message: `${what} "${facts.command}", and nothing was changed:\n${lines.join('\n')}`,
    clause: `${what} it:\n${lines.join('\n')}`,
    hint: [...nobody, ...curesOf(refusing, violations), ...way].join('\n'),
    cures: [
      ...(isFlagsAlone ? [] : nobody),
      ...curesOf(
        refusing,
        violations.filter(({ requirement }) => requirement === null),
      ),
    ],
    needs: missing,
    flags: [],
    wayAround: isFlagsAlone ? null : wayAround,
    details: { command: facts.command, refusals: refusing.flatMap((verdict) => refusalsJson(verdict, facts)) },
  };
}

function refusalsJson({ rule, violations }: SettledVerdict, facts: RefusalFacts): readonly Record<string, unknown>[] {
  return violations.map((violation) => ({
    rule: rule.name,
    place: placeOf(rule, facts),
    isOverridable: rule.isOverridable,
    ...violationJson(violation),
  }));
}

/** `/etc/rlctl.yaml:14: environments.prod.guards[0]`. */
function placeOf(rule: GuardRule, { lineOf }: RefusalFacts): string {
  const line = lineOf(rule);
  return line === null ? rule.place : rule.place.replace(/: (?=environments\.)/, `:${line}: `);
}

/** A violation with the route or the bucket that it is about. */
export function violationText({ route, bucket, text }: Violation): string {
  const subject = route === null ? bucket : route === '' ? '""' : route;
  return subject === null ? text : `${subject}: ${text}`;
}

/** A violation for programs: times in RFC 3339. */
export function violationJson({ untilMs, ...violation }: Violation): Record<string, unknown> {
  return { ...violation, until: untilMs === null ? null : new Date(untilMs).toISOString() };
}

function curesOf(refusing: readonly SettledVerdict[], violations: readonly Violation[]): readonly string[] {
  const cures = violations.map(({ cure }) => cure).filter((cure) => cure !== '');
  const sentences = [...new Set(cures)].map((cure) => `${cure.slice(0, 1).toUpperCase()}${cure.slice(1)}.`);
  return [...rangesOf(refusing), ...sentences];
}

/** Of each number of each route the range that all refusing rules leave. */
function rangesOf(refusing: readonly SettledVerdict[]): readonly string[] {
  const ranges = new Map<string, readonly Bounds[]>();
  for (const { rule, violations } of refusing) {
    for (const { route, field, allowed } of violations) {
      if (field === null || allowed === null) continue;
      const key = `${route === '' ? '""' : route}: keep ${fieldName(field)}`;
      const own = rule.bounds.get(field);
      ranges.set(key, [...(ranges.get(key) ?? []), allowed, ...(own === undefined ? [] : [own])]);
    }
  }
  return [...ranges].map(([key, bounds]) => `${key} ${rangeInWords(bounds)}.`);
}

function rangeInWords(bounds: readonly Bounds[]): string {
  const min = Math.max(...bounds.map((each) => each.min ?? -Infinity));
  const max = Math.min(...bounds.map((each) => each.max ?? Infinity));
  // Far off its bounds a value cannot come back in one step of its factor.
  if (min > max) return `at ${min} or above by one limit, at ${max} or below by another: one has to be overridden`;
  if (min === max) return `at ${min}`;
  if (min === -Infinity) return `at ${max} or below`;
  return max === Infinity ? `at ${min} or above` : `from ${min} to ${max}`;
}

/** Which rules nobody may override, by name. */
function nobodyMay(refusing: readonly SettledVerdict[]): readonly string[] {
  const closed = refusing.filter(({ rule }) => !rule.isOverridable).map(({ rule }) => `"${rule.name}"`);
  return closed.length === 0 ? [] : [`Nobody may override ${closed.join(' or ')} (overridable: false).`];
}

/** How those are overridden that may be; `null`: none may. */
function wayAroundOf(refusing: readonly SettledVerdict[], { hasReason }: RefusalFacts): WayAround | null {
  const open = refusing.filter(({ rule }) => rule.isOverridable);
  if (open.length === 0) return null;
  const what = open.length === refusing.length ? 'it' : 'the rest';
  return {
    text: `Where it has to be, override ${what}, which is recorded`,
    flags: open.map(({ rule }) => `--override-guard ${rule.name}`),
    needs: hasReason ? [] : ['reason'],
  };
}

/** Throws a usage error for a name that no rule of the environment has, with those near it. */
export function assertGuardNames(environment: string, rules: readonly GuardRule[], names: readonly string[]): void {
  const known = rules.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearNames(unknown, known);
  const there =
    known.length === 0 ? `the environment "${environment}" has no guards` : `there are: ${known.join(', ')}`;
  throw usageError(
    `--override-guard: there is no guard "${unknown}"; ${near.length > 0 ? `near it there are: ${near.join(', ')}` : there}`,
    'See the guards of the environment with: rlctl env show',
    'UNKNOWN_GUARD',
  );
}

/** Whoever overrides rules has to say why; `null`: nothing is overridden, or it is said. */
export function overrideReasonDemand(names: readonly string[], reason: string | null): Demand | null {
  if (names.length === 0 || reason?.trim()) return null;
  const message = `overriding ${names.map((name) => `"${name}"`).join(', ')} wants a reason, which is recorded`;
  const hint = `Add ${needFlags.reason}.`;
  return { code: 'REASON_MISSING', message, clause: message, hint, cures: [], needs: ['reason'], flags: [] };
}
