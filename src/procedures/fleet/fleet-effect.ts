import { counted } from '../../domain/counted.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import { verifyStep, type Effect } from '../effect.js';
import type { Step } from '../step.js';
import { namedInstances, whyFailed } from './failed-instances.js';
import { fleetEvidence } from './fleet-evidence.js';
import type { FleetReload } from './reload.js';
import type { InstanceReload } from './reload-instance.js';

/** What a fleet's proof is made from, beside what became of its instances. */
export interface FleetEffectInput {
  /** Processes behind each instance, as configured; `null`: not known. */
  readonly workers: number | null;
  /** False: the instances were looked at, and no reload was sent. */
  readonly isReloaded: boolean;
  /** What was seen of all of them together (metrics, probes); `null`: nothing was looked at. */
  readonly whole: Proof | null;
}

/** Up to so many instances everything that was seen is kept; of more, what each came to. */
const mostObserved = 8;

/** What became of a fleet as one effect: every request, and one proof that is as good as the worst of its instances. */
export function fleetEffect(result: Pick<FleetReload, 'instances' | 'tookMs'>, input: FleetEffectInput): Effect {
  const { instances, tookMs } = result;
  const proof = proofOf(result, input);
  const count = (state: InstanceReload['state']): number => instances.filter((each) => each.state === state).length;
  const [done, failed, untried] = [count('done'), count('failed'), count('notTried')];
  const reload: Step = {
    name: 'reload',
    state: failed + untried === 0 ? 'done' : 'failed',
    detail: `${done} of ${counted(instances.length, 'instance')} done, ${failed} failed, ${untried} not tried`,
    tookMs,
  };
  const verify = verifyStep(proof);
  return {
    reloads: instances.flatMap((each) => (each.reload === null ? [] : [each.reload])),
    proof,
    steps: input.isReloaded ? [reload, verify] : [verify],
    instances,
  };
}

function proofOf({ instances, tookMs }: Pick<FleetReload, 'instances' | 'tookMs'>, input: FleetEffectInput): Proof {
  const proofs = instances.flatMap(({ proof }) => (proof === null ? [] : [proof]));
  const own = verdictOf(instances, proofs);
  const isDenied = own === 'proven' && input.whole?.verdict === 'contradicted';
  const verdict = isDenied ? 'contradicted' : own;
  const worst = isDenied ? input.whole : proofs.find((proof) => proof.verdict === own);
  const first = worst ?? proofs[0] ?? notAttempted('--no-verify');
  const { observed: _one, ...rest } = first;
  const confidences = proofs.map(({ confidence }) => confidence).filter((each) => each !== null);
  const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
  const coverages = proofs.map(({ coverage }) => coverage);
  const converged = proofs.map(({ convergedMs }) => convergedMs ?? null);
  return {
    ...rest,
    ...observedOf(proofs),
    verdict,
    levelReached: verdict === 'proven' ? 'loaded' : 'none',
    evidence: [...fleetEvidence(instances), ...(input.whole?.evidence ?? [])],
    diagnosis: isDenied ? (input.whole?.diagnosis ?? '') : diagnosisOf(instances, verdict, input),
    // An instance of which nothing was seen could be any.
    confidence: verdict !== 'proven' || confidences.length === 0 ? null : least(confidences),
    reads: proofs.reduce((sum, { reads }) => sum + reads, 0),
    distinctAnswers: proofs.reduce((most, { distinctAnswers }) => Math.max(most, distinctAnswers), 0),
    coverage: coverages.reduce((a, b) => (b.sampled < a.sampled ? b : a), coverages[0] ?? first.coverage),
    convergedMs: verdict === 'proven' && converged.every((each) => each !== null) ? Math.max(0, ...converged) : null,
    tookMs,
  };
}

function observedOf(proofs: readonly Proof[]): Pick<Proof, 'observed'> {
  const all = proofs.flatMap(({ observed }) => (observed === undefined ? [] : [observed]));
  const [first] = all;
  if (first === undefined || proofs.length > mostObserved) return {};
  return {
    observed: {
      reloads: all.flatMap(({ reloads }) => reloads),
      policies: all.flatMap(({ policies }) => policies),
      probes: all.flatMap(({ probes }) => probes),
      metrics: first.metrics,
    },
  };
}

/** As good as the worst; an instance that was not reloaded is not proven. */
function verdictOf(instances: readonly InstanceReload[], proofs: readonly Proof[]): Proof['verdict'] {
  if (proofs.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted';
  if (proofs.length > 0 && proofs.every(({ verdict }) => verdict === 'notAttempted')) return 'notAttempted';
  return instances.every(({ state }) => state === 'done') ? 'proven' : 'notProven';
}

function diagnosisOf(
  instances: readonly InstanceReload[],
  verdict: Proof['verdict'],
  { workers, isReloaded }: FleetEffectInput,
): string {
  const all = counted(instances.length, 'instance');
  const failed = instances.filter(({ state }) => state === 'failed');
  if (verdict === 'proven')
    return `${instances.length === 1 ? 'the one instance' : `each of ${all}`} shows what is stored${trusting(workers)}`;
  if (verdict === 'notAttempted') {
    const but = failed.length === 0 ? '' : `, and ${failed.length} of ${all} did not take the reload`;
    return `the proof was waived with --no-verify${but}; run: rlctl fleet status`;
  }
  const done = instances.filter(({ state }) => state === 'done').length;
  const untried = instances.length - done - failed.length;
  const what = isReloaded ? 'reloaded and proven' : 'proven';
  const rest = untried === 0 ? '' : `; ${untried} not tried`;
  return `${done} of ${all} ${what}${failedInWords(failed, verdict)}${rest}`;
}

/** One read speaks for an instance only where one process is behind it, which nothing seen here shows. */
function trusting(workers: number | null): string {
  return workers === 1 ? ', taking your word that one process is behind each (workers: 1)' : '';
}

/** Those that are the reason for the verdict first, the first one with its cause in full. */
function failedInWords(failed: readonly InstanceReload[], verdict: Proof['verdict']): string {
  if (failed.length === 0) return '';
  const worst = failed.filter(({ proof }) => proof?.verdict === verdict && verdict === 'contradicted');
  const [first, ...others] = [...worst, ...failed.filter((each) => !worst.includes(each))];
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : `; failed too: ${othersInWords(others)}`;
  return `; ${first.instance.name}: ${whyFailed(first)}${more}`;
}

/** What kept an instance from being looked at is short, and what its proof came to is among the evidence. */
function othersInWords(others: readonly InstanceReload[]): string {
  const [only] = others;
  const isOne = only !== undefined && others.length === 1;
  return isOne && only.error !== null ? `${namedInstances(others)} (${whyFailed(only)})` : namedInstances(others);
}
