import { counted } from '../counted.js';
import type { Observations } from './observations.js';
import { enforcedInWords, type Proof } from './proof.js';
import { traps } from './traps.js';

/** One sentence: what the evidence comes to, and the cure. */
export function diagnose(
  seen: Observations,
  judged: Pick<Proof, 'verdict' | 'levelReached' | 'evidence' | 'trap'>,
): string {
  const { verdict, evidence, trap } = judged;
  if (verdict === 'contradicted') {
    if (seen.reports.length === 0 && (trap === 'staleWorkers' || trap === null)) return unreloaded;
    if (trap !== null) return `${traps[trap].meaning}; ${traps[trap].cure}`;
    return 'the server shows other values than are stored; compare them with: rlctl policy get ROUTE';
  }
  if (verdict === 'notProven') {
    const reason = evidence.find((line) => line.verdict === 'notProven')?.text ?? 'nothing was seen';
    const level =
      judged.levelReached === 'loaded' ? 'the server shows the policy, but enforcement is not proven: ' : '';
    return `${level}${reason}; to look again, run: rlctl reload`;
  }
  return `${proven(seen, judged)}${remark(seen)}`;
}

const unreloaded = 'the server, or one of its workers, does not show what is stored in Redis; run: rlctl reload';

function proven(
  { changed, isWitness, loaded, loadedBefore }: Observations,
  judged: Pick<Proof, 'levelReached' | 'evidence'>,
): string {
  const probe = metByProbe(judged);
  if (loaded.objectCount === 0 && (changed.length === 0 || isWitness)) {
    return 'no override is stored and the server holds none, which does not show that it reads Redis';
  }
  if (changed.length === 0 || isWitness)
    return `the server holds the ${counted(loaded.objectCount, 'stored override')}${probe}`;
  if (loadedBefore === undefined) {
    const what = changed.length === 1 ? 'the route' : `all ${changed.length} routes`;
    return `nothing was changed, and the server shows ${what} as stored${probe}`;
  }
  const what = changed.length === 1 ? 'the changed route' : `all ${changed.length} changed routes`;
  return `the server shows ${what} as stored${probe}`;
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
