import { allBuckets } from '../config/bucket-names.js';
import type { Environment } from '../config/environment.js';
import { nearNames } from '../near-names.js';
import { isPast } from './freeze.js';
import type { GuardRule } from './rule.js';

/** A part of a rule that can never apply: somebody believes to be guarded, and is not. */
export interface UselessGuard {
  readonly code: 'GUARD_BUCKET_UNKNOWN' | 'GUARD_BUCKET_WITHOUT_ROUTES' | 'GUARD_FREEZE_OVER';
  readonly rule: GuardRule;
  readonly message: string;
  readonly cure: string;
}

type Guarded = Pick<Environment, 'guards' | 'buckets' | 'shadowDriver'>;

/** Every part of the rules of an environment that can never apply. */
export function uselessGuards(environment: Guarded, nowMs: number): readonly UselessGuard[] {
  return environment.guards.flatMap((rule) => [
    ...(rule.buckets ?? []).flatMap((name) => uselessBucket(environment, rule, name)),
    ...uselessFreeze(rule, nowMs),
  ]);
}

function uselessBucket(environment: Guarded, rule: GuardRule, name: string): readonly UselessGuard[] {
  const all = allBuckets(environment);
  const bucket = all.find(({ names }) => names.includes(name));
  if (bucket === undefined) {
    const known = all.map((each) => each.name);
    const near = nearNames(name, known);
    const message = `the guard "${rule.name}" names the bucket "${name}", which there is not`;
    const cure = `Name one of ${(near.length > 0 ? near : known).join(', ')}, or configure it under buckets`;
    return [{ code: 'GUARD_BUCKET_UNKNOWN', rule, message, cure }];
  }
  if (bucket.routes.length > 0 || environment.shadowDriver !== 'overrides') return [];
  const message = `the guard "${rule.name}" names the bucket "${name}", which has no routes in the configuration: no override belongs to it`;
  const cure = `Set buckets.${bucket.name}.routes, or give the guard routes of its own`;
  return [{ code: 'GUARD_BUCKET_WITHOUT_ROUTES', rule, message, cure }];
}

function uselessFreeze(rule: GuardRule, nowMs: number): readonly UselessGuard[] {
  const past = rule.freeze.filter((window) => isPast(window, nowMs));
  return past.map(({ words }) => ({
    code: 'GUARD_FREEZE_OVER',
    rule,
    message: `the freeze of the guard "${rule.name}" is over: ${words}`,
    cure: 'Give it new dates, or remove it',
  }));
}
