import { counted } from '../counted.js';
import type { Observations } from './observations.js';
import { enforcedInWords, type Evidence, type Proof } from './proof.js';
import { traps } from './traps.js';

/** One sentence: what the evidence comes to, and the cure. */
export function diagnose(
  seen: Observations,
  judged: Pick<Proof, 'verdict' | 'levelReached' | 'evidence' | 'trap'>,
): string {
  const { verdict, evidence, trap } = judged;
  if (verdict === 'contradicted') {
    if (seen.withoutRedis !== undefined && seen.withoutRedis.length > 0 && trap === 'otherNamespaceOrRedisUnreachable')
      return `${noRedis}; ${traps.otherNamespaceOrRedisUnreachable.cure}`;
    if (trap !== null) return `${traps[trap].meaning}; ${traps[trap].cure}`;
    return 'the server shows other values than are stored; compare them with: rlctl policy get ROUTE';
  }
  if (verdict === 'notProven') {
    if (trap === 'otherEnvironment') return `${siteReason(evidence)}; ${traps.otherEnvironment.cure}`;
    const reason = evidence.find((line) => line.verdict === 'notProven')?.text ?? 'nothing was seen';
    const level =
      judged.levelReached === 'loaded' ? 'the server shows the policy, but enforcement is not proven: ' : '';
    return `${level}${reason}; to look again, run: ${seen.reports.length === 0 ? 'rlctl verify' : 'rlctl reload'}`;
  }
  return `${proven(seen, judged)}${remark(seen)}`;
}

const noRedis =
  'the server does not hold what is stored, and says itself that its Redis does not answer: a reload then drops every override';

/** Says which environment it says that it is. */
function siteReason(evidence: readonly Evidence[]): string {
  return evidence.find(({ subject }) => subject === 'siteMode')?.text ?? traps.otherEnvironment.meaning;
}

function proven(
  { changed, isWitness, isAsked, loaded, loadedBefore }: Observations,
  judged: Pick<Proof, 'levelReached' | 'evidence'>,
): string {
  const probe = metByProbe(judged);
  if (loaded.objectCount === 0 && (changed.length === 0 || isWitness)) {
    return 'no override is stored and the server holds none, which does not show that it reads Redis';
  }
  if (changed.length === 0 || isWitness)
    return `the server holds the ${counted(loaded.objectCount, 'stored override')}${probe}`;
  const wasChanged = isAsked !== true && loadedBefore !== undefined;
  const kind = wasChanged ? 'changed ' : '';
  const what = changed.length === 1 ? `the ${kind}route` : `all ${changed.length} ${kind}routes`;
  const nothing = isAsked === true || wasChanged ? '' : 'nothing was changed, and ';
  return `${nothing}the server shows ${what} as stored${probe}`;
}

/** What a real request met, and what it could not show: only what a header said is claimed. */
function metByProbe({ levelReached, evidence }: Pick<Proof, 'levelReached' | 'evidence'>): string {
  const { enforced, loadedOnly } = enforcedInWords(evidence);
  if (levelReached === 'enforced')
    return loadedOnly === ''
      ? ', and a real request met it'
      : `, and a real request met its ${enforced}; its ${loadedOnly} is shown as loaded, which no header can show in force`;
  const isMet = evidence.some(({ subject, verdict }) => subject === 'enforcement' && verdict === 'neutral');
  return isMet ? '; a probe cannot show more of it, because no header shows a rate' : '';
}

function remark({ known, levelAsked }: Observations): string {
  const isKnown = known.enforcesOverrides === false && levelAsked === 'loaded';
  return isKnown ? '; but an earlier probe showed that this server does not enforce overrides' : '';
}
