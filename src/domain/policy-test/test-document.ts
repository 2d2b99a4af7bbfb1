import { explainRoute, type ExplanationStep } from '../policy/explain.js';
import type { OverrideIndex } from '../policy/prefix-index.js';
import { hasUnmet, judgePolicy } from './judge.js';
import type { BasePolicy, PolicyTest } from './policy-test.js';
import type { SideJudgement } from './result.js';

/** What the document makes of a test. `base`: the bucket's own policy, as far as it is known. */
export function testDocument(
  overrides: OverrideIndex,
  { route, expected }: PolicyTest,
  base: BasePolicy,
): SideJudgement {
  const winner = overrides.winnerOf(route);
  const found = { policy: { ...base, ...winner?.fields }, matched: winner?.prefix ?? null };
  const checks = judgePolicy(expected, found);
  return { side: 'document', checks, failure: null, reads: 1, contradicting: hasUnmet(checks) ? 1 : 0 };
}

/** Why the document gives a route the policy it gives, in sentences; and what became of the override that was expected. */
export function documentReasons(overrides: OverrideIndex, { route, expected }: PolicyTest): readonly string[] {
  const wanted = expected.matched ?? null;
  const { steps, winner, vanished } = explainRoute(overrides.around(route, wanted), route, { bucket: '' });
  const about = (prefix: string): ExplanationStep | undefined => steps.find((step) => step.prefix === prefix);
  const skipped = steps.filter(({ outcome, prefix }) => outcome === 'skipped' && prefix !== wanted);
  return [
    ...(wanted === null || winner?.prefix === wanted ? [] : [fateOf(wanted, about(wanted), vanished)]),
    ...skipped.map(({ prefix, because }) => `${JSON.stringify(prefix)} starts it, but is skipped: ${because}`),
    winner === null
      ? 'no override decides: the bucket’s own policy holds'
      : `${JSON.stringify(winner.prefix)} decides: ${about(winner.prefix)?.because ?? 'it matches first'}`,
    ...(winner?.notes ?? []),
  ];
}

/** What became of the override that should have decided. */
function fateOf(
  prefix: string,
  step: ExplanationStep | undefined,
  vanished: readonly { readonly prefix: string; readonly because: string }[],
): string {
  const name = JSON.stringify(prefix);
  if (step !== undefined) return `${name} does not decide: ${step.because}`;
  const gone = vanished.find((each) => each.prefix === prefix);
  return gone === undefined ? `there is no override ${name}` : `${name} vanishes while loading: ${gone.because}`;
}

/** The fields that nobody could tell, as a sentence with its cure; `null`: there are none. */
export function unknownReason({ checks }: SideJudgement, bucket: string | null): string | null {
  const fields = checks.filter(({ state }) => state === 'unknown').map(({ field }) => field);
  if (fields.length === 0) return null;
  const verb = fields.length === 1 ? 'follows' : 'follow';
  const cure =
    bucket === null
      ? 'name the test’s bucket, and give its numbers under "buckets" in the test file'
      : `give the numbers of ${JSON.stringify(bucket)} under "buckets" in the test file, or test without --against`;
  return `${fields.join(', ')} ${verb} from the bucket’s own policy, which is not known: ${cure}`;
}
