import { counted } from '../../domain/counted.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import type { Effect } from '../effect.js';
import type { Step } from '../step.js';
import type { FleetReload } from './reload.js';
import type { InstanceReload } from './reload-instance.js';

/** Instances whose evidence is shown in full; of all others the verdict is kept. */
const mostShown = 3;

/** A fleet reload as one effect: every request, and one proof that is as good as the worst of its instances. */
export function fleetEffect(result: FleetReload): Effect {
  const { instances, tookMs } = result;
  const proof = proofOf(result);
  const failed = instances.filter(({ state }) => state === 'failed').length;
  const untried = instances.filter(({ state }) => state === 'notTried').length;
  const done = instances.length - failed - untried;
  const reload: Step = {
    name: 'reload',
    state: failed + untried === 0 ? 'done' : 'failed',
    detail: `${done} of ${counted(instances.length, 'instance')} done, ${failed} failed, ${untried} not tried`,
    tookMs,
  };
  const state = proof.verdict === 'proven' ? 'done' : proof.verdict === 'notAttempted' ? 'skipped' : 'unverified';
  return {
    reloads: instances.flatMap((each) => (each.reload === null ? [] : [each.reload])),
    proof,
    steps: [
      reload,
      {
        name: 'verify',
        state: proof.verdict === 'contradicted' ? 'failed' : state,
        detail: proof.diagnosis,
        tookMs: proof.tookMs,
      },
    ],
  };
}

function proofOf({ instances, tookMs }: FleetReload): Proof {
  const proofs = instances.flatMap(({ proof }) => (proof === null ? [] : [proof]));
  const verdict = verdictOf(instances, proofs);
  const worst = proofs.find((proof) => proof.verdict === verdict);
  const first = worst ?? proofs[0] ?? notAttempted('--no-verify');
  const confidences = proofs.map(({ confidence }) => confidence).filter((each) => each !== null);
  return {
    ...first,
    verdict,
    levelReached: verdict === 'proven' ? 'loaded' : 'none',
    evidence: evidenceOf(instances, verdict),
    diagnosis: diagnosisOf(instances, verdict),
    confidence: confidences.length === 0 ? null : confidences.reduce((a, b) => Math.min(a, b)),
    reads: proofs.reduce((sum, { reads }) => sum + reads, 0),
    distinctAnswers: proofs.reduce((most, { distinctAnswers }) => Math.max(most, distinctAnswers), 0),
    tookMs,
  };
}

/** What was seen at whom: of those that are proven one stands for all of them, and says so. */
function evidenceOf(instances: readonly InstanceReload[], verdict: Proof['verdict']): Proof['evidence'] {
  const worst = instances.filter(({ proof }) => proof?.verdict === verdict);
  const others = worst.length - 1;
  const like = verdict === 'proven' && others > 0 ? ` (likewise ${counted(others, 'other')})` : '';
  const shown = worst.slice(0, verdict === 'proven' ? 1 : mostShown);
  return shown.flatMap(({ instance, proof }) =>
    (proof?.evidence ?? []).map((each) =>
      instances.length === 1 ? each : { ...each, text: `${instance.name}${like}: ${each.text}` },
    ),
  );
}

/** As good as the worst; an instance that was not reloaded is not proven. */
function verdictOf(instances: readonly InstanceReload[], proofs: readonly Proof[]): Proof['verdict'] {
  if (proofs.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted';
  if (proofs.length > 0 && proofs.every(({ verdict }) => verdict === 'notAttempted')) return 'notAttempted';
  return instances.every(({ state }) => state === 'done') ? 'proven' : 'notProven';
}

function diagnosisOf(instances: readonly InstanceReload[], verdict: Proof['verdict']): string {
  const done = instances.filter(({ state }) => state === 'done').length;
  const all = counted(instances.length, 'instance');
  if (verdict === 'proven') return `each of ${all} shows what is stored`;
  if (verdict === 'notAttempted') return 'the proof was waived with --no-verify; run: rlctl fleet status';
  const first = instances.find(({ state, proof }) => state === 'failed' && proof?.verdict === verdict);
  const why = first?.proof ? `; ${first.instance.name}: ${first.proof.diagnosis}` : '';
  return `${done} of ${all} reloaded and proven${why}`;
}
