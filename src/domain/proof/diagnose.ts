import { counted } from '../counted.js';
import { isLimiterOff, standingOf } from './judge-count.js';
import { nextLook } from './next-look.js';
import { heldInWords } from './still-held.js';
import { blocksEveryone, unusedPrefixes } from '../policy/matching.js';
import { notBefore } from '../override/document-gone.js';
import { quoteOutside } from '../outside-text.js';
import type { Observations } from './observations.js';
import { enforcedInWords, type Evidence, type Proof } from './proof.js';
import { traps } from './traps.js';

/** What a diagnosis is made from, besides what was seen. */
export interface Diagnosed extends Pick<Proof, 'verdict' | 'levelReached' | 'evidence' | 'trap'> {
  /** The server holds overrides that are not stored. */
  readonly isForeignHeld: boolean;
  /** All of those stood in the document before. */
  readonly isFormer: boolean;
  /** The same prefix was answered rightly and wrongly. */
  readonly isSplit: boolean;
  /** Something that was answered shows a stored override as held. */
  readonly isStoredShown: boolean;
}

/** One sentence: what the evidence comes to, and the cure. */
export function diagnose(seen: Observations, judged: Diagnosed): string {
  const { verdict, evidence, trap } = judged;
  if (seen.lost && seen.reports.length === 0 && verdict !== 'proven' && trap !== 'otherEnvironment') return seen.lost;
  if (verdict === 'contradicted') {
    if (seen.withoutRedis !== undefined && seen.withoutRedis.length > 0 && trap === 'otherNamespaceOrRedisUnreachable')
      return `${noRedis}; ${traps.otherNamespaceOrRedisUnreachable.cure}`;
    if (trap === 'otherNamespaceOrRedisUnreachable' && judged.isForeignHeld) return elsewhere(seen, judged);
    if (trap === 'environmentOverridesInFront' && !judged.isStoredShown) return inFrontOrElsewhere;
    if (trap === 'notLoaded' && judged.isForeignHeld && !judged.isFormer) return notLoadedOrInFront;
    if (trap === 'staleWorkers' && isUnseen(seen, judged)) return otherProcess(seen);
    if (trap === 'documentDropped' && seen.reports.length === 0) return `${willDrop(seen)}; ${traps[trap].cure}`;
    if (trap !== null) return `${whichAddress(seen, evidence)}${traps[trap].meaning}; ${traps[trap].cure}`;
    return `${whichAddress(seen, evidence)}the server shows other values than are stored; compare them with: rlctl policy get ROUTE`;
  }
  if (verdict === 'notProven') {
    if (trap === 'otherEnvironment') return `${siteReason(evidence)}; ${traps.otherEnvironment.cure}`;
    return notProven(seen, judged);
  }
  return `${proven(seen, judged)}${blockingInWords(seen)}${idle(seen, evidence)}${besides(evidence)}${remark(seen)}`;
}

function notProven(seen: Observations, { evidence, levelReached }: Diagnosed): string {
  const missing = evidence.find((line) => line.verdict === 'notProven') ?? evidence.find(isAboutEnforcement);
  const level = levelReached === 'loaded' ? 'the server shows the policy, but enforcement is not proven: ' : '';
  return `${level}${missing?.text ?? 'nothing was seen'}${nextLook(seen, missing)}`;
}

function isAboutEnforcement({ subject }: Evidence): boolean {
  return subject === 'enforcement';
}

/** `; but "/a" blocks everybody: rate 0 …`; empty: nothing that was to be proven does. */
function blockingInWords({ changed, isWitness, loaded }: Observations): string {
  const asked = new Set(changed.map(({ prefix }) => prefix));
  const isAboutAll = changed.length === 0 || isWitness;
  const meant = isAboutAll ? loaded.entries : loaded.entries.filter(({ prefix }) => asked.has(prefix));
  const blocking = meant.flatMap(({ prefix, fields }) => {
    const because = fields === null ? null : blocksEveryone(fields);
    return because === null ? [] : [{ prefix, because }];
  });
  const [first] = blocking;
  if (first === undefined) return '';
  const more = blocking.length === 1 ? '' : `, and ${blocking.length - 1} more`;
  return `; but "${quoteOutside(first.prefix)}" blocks everybody: ${first.because}${more}`;
}

const noRedis =
  'the server does not hold what is stored, and says itself that its Redis does not answer: a reload then drops every override';

function willDrop(seen: Observations): string {
  const held = heldInWords(seen);
  const now = held === null ? '' : `; now it still shows ${held}`;
  return `the server cannot read the stored document, and will drop every override at its next reload${now}`;
}

/** Which of several addresses it is: `at 1 of 3 addresses (https://b.example.com): `; empty: all, or not known. */
function whichAddress({ changed, sample, endpointCount }: Observations, evidence: readonly Evidence[]): string {
  const asked = new Set([...changed, ...sample].map(({ source }) => source));
  const wrong = new Set(evidence.filter(({ verdict }) => verdict === 'contradicted').map(({ source }) => source));
  const stale = [...asked].filter((source) => wrong.has(source)).map(originOf);
  if (endpointCount < 2 || stale.length === 0 || stale.length === endpointCount) return '';
  const more = stale.length > mostNamed ? `, and ${stale.length - mostNamed} more` : '';
  return `at ${stale.length} of ${endpointCount} addresses (${stale.slice(0, mostNamed).join(', ')}${more}): `;
}

const mostNamed = 3;

/** `GET https://b.example.com/internal/…` → `https://b.example.com` */
function originOf(source: string): string {
  return /https?:\/\/[^/]+/.exec(source)?.[0] ?? source;
}

/** Why what is in force blocks nobody; empty: it may. */
function idle({ reports }: Observations, evidence: readonly Evidence[]): string {
  if (isLimiterOff(reports)) return '; but its limiter is off (RATE_LIMIT_ENABLED), so nothing is enforced';
  const isShadow = evidence.some(({ isServerShadow }) => isServerShadow === true);
  return isShadow ? '; but nothing is blocked: the server is in shadow, though the entry does not say so' : '';
}

/** What the server has not loaded of the rest; empty: nothing shows that. */
function besides(evidence: readonly Evidence[]): string {
  const line = evidence.find(({ isAside }) => isAside === true);
  return line === undefined
    ? ''
    : `; but it does not hold the whole document as it is stored now (${line.text}): to load it, run: rlctl reload`;
}

const comparePlaces =
  "compare namespace and redis in rlctl env show with the server's own (RATE_LIMIT_NAMESPACE, RATE_LIMIT_REDIS_URL)";

/** Overrides at the server, and none of them where rlctl looks: what was seen cannot tell the causes apart. */
function elsewhere({ loaded, reports }: Observations, { isStoredShown }: Diagnosed): string {
  const shown = isStoredShown
    ? 'the server does not hold what is stored here'
    : 'the server shows none of what is stored here';
  const here = loaded.usableCount === 0 ? nothingHere(loaded) : shown;
  if (reports.length > 0)
    return `${here}, but after a reload the server still holds overrides: either rlctl or the server looks in another namespace or another Redis, or they stand in the server's own environment; first ${comparePlaces}, then its RATE_LIMIT_POLICY_OVERRIDES_JSON`;
  const cause = `${here}, but the server holds overrides: rlctl or the server looks in another namespace or another Redis, or it had no reload since they were removed; ${comparePlaces}`;
  // Where nothing is stored, the servers may hold the last copy: a reload would cost it.
  return loaded.usableCount === 0
    ? `${cause}; ${notBefore}; see: rlctl doctor --only redis`
    : `${cause}; what a reload then counts tells more: rlctl verify --reload`;
}

function nothingHere({ objectCount, vanished = [] }: Observations['loaded']): string {
  return objectCount + vanished.length === 0
    ? 'nothing is stored where rlctl looks'
    : 'nothing that a server can use is stored where rlctl looks';
}

const inFrontOrElsewhere = `the server goes by overrides that are not stored here, and nothing shows that it holds the stored ones as well: either those in its own environment stand in front (RATE_LIMIT_POLICY_OVERRIDES_JSON), or it reads another namespace or another Redis; first ${comparePlaces}`;

const notLoadedOrInFront =
  'the server holds overrides that are not stored here: it had no reload since they were removed, or they stand in its own environment (RATE_LIMIT_POLICY_OVERRIDES_JSON); first run: rlctl reload; what it then counts tells the two apart';

/** True where the reload counted rightly and every read came from somewhere else: no answer itself shows two processes. */
function isUnseen({ reports, loaded }: Observations, { isSplit }: Diagnosed): boolean {
  return !isSplit && reports.length > 0 && reports.every((report) => standingOf(report, loaded) === 'explained');
}

function otherProcess({ workers }: Observations): string {
  const said = workers === null ? 'the number of workers is not set' : `workers is ${workers}`;
  return `the reload counted what is stored, and yet the server shows something else: another process answered, which had no reload (${said}); run rlctl reload with the number of workers set (workers: in rlctl.yaml, or --workers N), and where that changes nothing, ${comparePlaces}`;
}

/** Says which environment it says that it is. */
function siteReason(evidence: readonly Evidence[]): string {
  return evidence.find(({ subject }) => subject === 'siteMode')?.text ?? traps.otherEnvironment.meaning;
}

function proven(seen: Observations, judged: Pick<Proof, 'levelReached' | 'evidence'>): string {
  const { changed, isWitness, isAsked, loaded, bytesBefore } = seen;
  const probe = metByProbe(judged);
  const isAboutAll = changed.length === 0 || isWitness;
  const unused = isAboutAll ? unusedInWords(loaded) : '';
  if (loaded.usableCount === 0 && isAboutAll) {
    if (unused !== '') return `no stored override is in use${probe}${unused}`;
    return 'no override is stored, and the server holds none, as it should; whether it reads Redis at all, only a stored one can show';
  }
  if (isAboutAll) return `${heldOf(seen)}${probe}${unused}`;
  const wasChanged = isAsked !== true && bytesBefore !== undefined;
  const kind = wasChanged ? 'changed ' : '';
  const what = changed.length === 1 ? `the ${kind}route` : `all ${changed.length} ${kind}routes`;
  const nothing = isAsked === true || wasChanged ? '' : 'nothing was changed, and ';
  const asked = new Set(changed.map(({ prefix }) => prefix));
  return `${nothing}the server shows ${what} as stored${probe}${unusedInWords(loaded, (prefix) => asked.has(prefix))}`;
}

/** Where only some of the stored overrides were read, no more than those is claimed. */
function heldOf({ changed, sample, loaded }: Observations): string {
  const all = loaded.usableCount;
  const which = unusedPrefixes(loaded).length === 0 ? '' : ' that it can use';
  const usable = new Set(loaded.entries.flatMap(({ prefix, fields }) => (fields === null ? [] : [prefix])));
  const answered = [...changed, ...sample].filter(({ prefix, answers }) => answers.length > 0 && usable.has(prefix));
  const read = new Set(answered.map(({ prefix }) => prefix)).size;
  if (read >= all || read === 0) return `the server holds the ${counted(all, 'stored override')}${which}`;
  return `the server shows ${read} of ${all} stored overrides${which} that were read as stored`;
}

/** `; the server does not use 1 stored entry ("/a": its rate is null)`; empty: it can use all of them. */
function unusedInWords(loaded: Observations['loaded'], isMeant: (prefix: string) => boolean = () => true): string {
  const prefixes = unusedPrefixes(loaded).filter(isMeant);
  const [first] = prefixes;
  if (first === undefined) return '';
  const why =
    loaded.entries.find(({ prefix }) => prefix === first)?.skippedBecause ??
    loaded.vanished?.find(({ prefix }) => prefix === first)?.because;
  const more = prefixes.length === 1 ? '' : ', for one';
  const reason = why === undefined || why === null ? '' : `: ${quoteOutside(why, 100)}`;
  return `; the server does not use ${counted(prefixes.length, 'stored entry', 'stored entries')} ("${quoteOutside(first)}"${more}${reason}), see: rlctl doctor --only document`;
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
  return isKnown ? '; but it was seen before that this server does not enforce overrides' : '';
}
