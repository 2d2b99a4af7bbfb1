import { limitOf } from '../policy/gcra.js';
import type { BasePolicy, Expected } from './policy-test.js';

/** A policy that was found, as far as it is known. */
export interface FoundPolicy {
  readonly policy: BasePolicy;
  /** The override that decides; `null`: none does; `undefined`: whoever was asked does not say. */
  readonly matched: string | null | undefined;
}

/** One expected field beside what was found. */
export interface FieldCheck {
  readonly field: keyof Expected;
  readonly expected: number | boolean | string | null;
  /** Of `matched`, `null` means that no override decides; of every other field, that its value is not known. */
  readonly got: number | boolean | string | null;
  /** `unknown`: it follows from the bucket's own policy, which nobody told. */
  readonly state: 'met' | 'unmet' | 'unknown';
}

/** Every expected field beside what was found; `matched` is left out where whoever was asked does not say. */
export function judgePolicy(expected: Expected, { policy, matched }: FoundPolicy): readonly FieldCheck[] {
  const found: Readonly<Record<keyof Expected, number | boolean | string | null | undefined>> = {
    rate: policy.ratePerMin,
    burst: policy.burst,
    window: policy.windowSeconds,
    shadow: policy.isShadow,
    limit: policy.burst === undefined ? undefined : limitOf(policy.burst),
    matched,
  };
  return (Object.keys(found) as (keyof Expected)[]).flatMap((field): FieldCheck[] => {
    const [wanted, got] = [expected[field], found[field]];
    if (wanted === undefined || (field === 'matched' && got === undefined)) return [];
    const state = got === undefined ? 'unknown' : got === wanted ? 'met' : 'unmet';
    return [{ field, expected: wanted, got: got ?? null, state }];
  });
}

/** True where a field has another value than was expected. */
export function hasUnmet(checks: readonly FieldCheck[]): boolean {
  return checks.some(({ state }) => state === 'unmet');
}
