import type { GuardedFlag, GuardedRoute } from './situation.js';
import { fieldName, type Bounds, type GuardField, type GuardRule } from './rule.js';
import type { Violation } from './verdict.js';

/** What a look at one route came to. */
export interface Judged {
  readonly violations: readonly Violation[];
  readonly unjudged: readonly string[];
  /** Limits that were not kept before, and that the change leaves as they were, in sentences: that refuses nothing. */
  readonly standing: readonly string[];
}

/** What no limit says unless it does. */
export const unsaid = {
  requirement: null,
  route: null,
  field: null,
  bucket: null,
  value: null,
  before: null,
  allowed: null,
  untilMs: null,
  cure: '',
} as const;

/**
 * Bounds hold for what the override sets that the route meets; what it leaves to the bucket is not rlctl's to bound. A
 * number that stands out of them and stays as it was is no reason to refuse a change of something else.
 */
export function judgeBounds({ bounds }: GuardRule, guarded: GuardedRoute): Judged {
  const { route, after } = guarded;
  const [violations, standing]: [Violation[], string[]] = [[], []];
  for (const [field, allowed] of bounds) {
    const value = after?.[field];
    if (value === undefined || isWithin(value, allowed)) continue;
    const name = fieldName(field);
    const isAbove = allowed.max !== null && value > allowed.max;
    const text = `${name} ${value} is ${isAbove ? `above ${allowed.max}` : `below ${allowed.min}`}`;
    if (isLeft(guarded, field)) standing.push(`${routeText(route)}: ${text}, ${leftText}`);
    else violations.push({ ...unsaid, limit: name, route, field, value, allowed, text });
  }
  return { violations, unjudged: [], standing };
}

const leftText = 'and stays as it was before this change';

function routeText(route: string): string {
  return route === '' ? '""' : route;
}

/** True where the change leaves a field as it was: of its own entry what that said, else what the route met. */
function isLeft({ isOwn, own, before, after }: GuardedRoute, field: GuardField | 'isShadow'): boolean {
  const earlier = isOwn ? own : before;
  return earlier !== null && after !== null && earlier[field] === after[field];
}

function isWithin(value: number, { min, max }: Bounds): boolean {
  return (min === null || value >= min) && (max === null || value <= max);
}

/** Both ways, against what the route met before: its override, else its bucket's own policy where that is known. */
export function judgeFactors({ factors }: GuardRule, route: GuardedRoute): Judged {
  const judged = [...factors].map(([field, most]) => judgeFactor(route, field, most));
  return {
    violations: judged.flatMap((each) => (typeof each === 'object' && each !== null ? [each] : [])),
    unjudged: judged.filter((each) => typeof each === 'string'),
    standing: [],
  };
}

function judgeFactor(
  { route, before, after, base }: GuardedRoute,
  field: GuardField,
  most: number,
): Violation | string | null {
  const [set, then] = [after?.[field], before?.[field]];
  if (set === then) return null;
  const [value, old] = [set ?? base?.[field], then ?? base?.[field]];
  const name = fieldName(field);
  if (value === undefined || old === undefined) {
    const side = old === undefined ? 'from' : 'to';
    return `${name} of ${JSON.stringify(route)} could not be judged: it changes ${side} the bucket's own, which is not known`;
  }
  if (isWithinFactor(field, old, value, most)) return null;
  const allowed = rangeAround(field, old, most);
  const [size, was] = [sizeOf(field, value), sizeOf(field, old)];
  const atOnce = field === 'burst' ? ` (${size} at once instead of ${was})` : '';
  const text = `${name} goes from ${old} to ${value}${atOnce}, by more than a factor of ${most}`;
  return { ...unsaid, limit: 'factor', route, field, value, before: old, allowed, text };
}

/** A burst lets one more through at once than its number says: 0 is one request, not none. */
function sizeOf(field: GuardField, value: number): number {
  return field === 'burst' ? value + 1 : value;
}

/** Decimal factors are not exact: 1.15 times 100 is 115, whatever the product says. */
const slack = 1e-9;

function isWithinFactor(field: GuardField, old: number, value: number, most: number): boolean {
  const [low, high] = [sizeOf(field, Math.min(old, value)), sizeOf(field, Math.max(old, value))];
  if (low === high) return true;
  return low > 0 && high <= low * most * (1 + slack);
}

function rangeAround(field: GuardField, old: number, most: number): Bounds {
  const size = sizeOf(field, old);
  if (size <= 0) return { min: old, max: old };
  const offset = size - old;
  return {
    min: Math.max(0, Math.ceil((size / most) * (1 - slack)) - offset),
    max: Math.floor(size * most * (1 + slack)) - offset,
  };
}

/**
 * `enforce`: an override there must say that it only observes, and one that said so may only go where the bucket itself
 * is known to. `shadow`: it must not say so.
 */
export function judgeNever(rule: GuardRule, guarded: GuardedRoute): Judged {
  const judged = judgeShadow(rule, guarded);
  if (judged.violations.length === 0 || !isLeft(guarded, 'isShadow')) return judged;
  const standing = judged.violations.map(({ text }) => `${routeText(guarded.route)}: ${text}, ${leftText}`);
  return { ...nothing, standing };
}

function judgeShadow({ never }: GuardRule, { route, before, after, base }: GuardedRoute): Judged {
  const isShadow = after?.isShadow;
  if (never === 'enforce' && isShadow !== true) {
    const isKeptOut = after === null && (before?.isShadow !== true || base?.isShadow === true);
    if (isKeptOut) return nothing;
    const left = base?.isShadow === false ? 'the bucket enforces' : 'the bucket is not known to be in shadow';
    const text =
      after === null
        ? `without the override that keeps it in shadow it would enforce: ${left}`
        : `shadow ${isShadow === undefined ? 'is not set' : 'is false'}, and it is never to enforce`;
    const cure = after === null ? 'keep its override with shadow: true' : 'keep shadow true (--shadow)';
    return one({ ...unsaid, limit: 'never', route, value: isShadow ?? null, text, cure });
  }
  if (never !== 'shadow') return nothing;
  const isFreed = after?.isShadow === undefined && before?.isShadow === false && base?.isShadow === true;
  if (isShadow !== true && !isFreed) return nothing;
  const text = isFreed
    ? 'without an override that enforces it would be in shadow, as its bucket is'
    : 'shadow is true, and it is never to stop enforcing';
  return one({ ...unsaid, limit: 'never', route, value: true, text, cure: 'keep shadow false (--no-shadow)' });
}

/** The same for a flag that is set outside the document; one that is removed is not known to be in shadow. */
export function judgeNeverFlag({ never }: GuardRule, { bucket, isShadow }: GuardedFlag): Judged {
  const isRefused = never === 'enforce' ? isShadow !== true : never === 'shadow' && isShadow === true;
  if (!isRefused) return nothing;
  const text =
    never === 'enforce'
      ? 'its flag would be out of shadow, and it is never to enforce'
      : 'its flag would be in shadow, and it is never to stop enforcing';
  const cure = `leave ${bucket} as it is`;
  return one({ ...unsaid, limit: 'never', bucket, value: isShadow, text, cure });
}

const nothing: Judged = { violations: [], unjudged: [], standing: [] };

function one(violation: Violation): Judged {
  return { ...nothing, violations: [violation] };
}
