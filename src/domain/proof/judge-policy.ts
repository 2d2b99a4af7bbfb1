import { counted } from '../counted.js';
import { quoteOutside } from '../outside-text.js';
import { compareAnswer, expectationOf, type Comparison, type Expectation } from './expectation.js';
import { listFault } from './judge-count.js';
import type { Observations, PrefixReads } from './observations.js';
import type { Evidence } from './proof.js';
import type { LoadedOverrides } from '../policy/matching.js';
import type { OverrideIndex } from '../policy/prefix-index.js';

/** What all the reads of one prefix come to. */
export interface PrefixJudgement {
  readonly expectation: Expectation;
  readonly reads: PrefixReads;
  readonly comparisons: readonly Comparison[];
  /** Reads that showed what is stored, and could not have shown it otherwise. */
  readonly shown: number;
  readonly differing: number;
  /** Answers that differ from each other. */
  readonly distinct: number;
}

/** Compares every read of a prefix with what is stored; `index`: of the same overrides, where there are many prefixes. */
export function judgePrefix(loaded: LoadedOverrides, reads: PrefixReads, index?: OverrideIndex): PrefixJudgement {
  const expectation = expectationOf(loaded, reads.prefix, index);
  const comparisons = reads.answers.map((answer) => {
    const comparison = compareAnswer(expectation, answer, reads.bases.get(answer.bucket) ?? null, loaded);
    // The server's own policy agrees with itself, whatever else the server holds.
    const isSilent = reads.isBase === true && comparison.kind === 'shown' && answer.activeOverrides === undefined;
    return isSilent ? { ...comparison, kind: 'silent' as const } : comparison;
  });
  return {
    expectation,
    reads,
    comparisons,
    shown: comparisons.filter(({ kind }) => kind === 'shown').length,
    differing: comparisons.filter(({ kind }) => kind === 'differs').length,
    distinct: new Set(reads.answers.map(fingerprint)).size,
  };
}

function fingerprint({
  bucket,
  ratePerMin,
  burst,
  windowSeconds,
  isShadow,
  matchedOverride,
}: PrefixReads['answers'][number]): string {
  return JSON.stringify([bucket, ratePerMin, burst, windowSeconds, isShadow, matchedOverride]);
}

/** True where the same prefix was answered rightly and wrongly: not every worker holds the same. */
export function isSplit({ differing, comparisons }: PrefixJudgement): boolean {
  return differing > 0 && differing < comparisons.length;
}

/** What is wrong with a list of active prefixes, as far as it counts for a prefix; `null`: nothing. */
export type ListFault = (loaded: LoadedOverrides, listed: readonly string[], prefix: string) => string | null;

/** The line about one changed prefix (or the one that stands for all). */
export function changedLine(
  judgement: PrefixJudgement,
  loaded: LoadedOverrides,
  faultIn: ListFault = listFault,
): Evidence {
  const { reads, comparisons, differing, shown, expectation } = judgement;
  const line = { subject: 'policy', source: reads.source, route: reads.prefix } as const;
  const name = `"${quoteOutside(reads.prefix)}"`;
  const of =
    reads.wanted === 1 ? counted(comparisons.length, 'read') : `${comparisons.length} of ${reads.wanted} reads`;
  const first = comparisons.find(({ kind }) => kind === 'differs');
  if (first !== undefined) {
    const how =
      comparisons.length === 1
        ? 'the read shows'
        : differing === comparisons.length
          ? `all ${differing} reads show`
          : `${differing} of ${comparisons.length} reads show`;
    return { ...line, verdict: 'contradicted', text: `${name}: ${how} ${first.differences}` };
  }
  const fault = comparisons.length === 0 ? null : activeFault(reads, loaded, faultIn);
  if (fault !== null) return { ...line, verdict: 'contradicted', text: fault };
  if (comparisons.length < reads.wanted && reads.isCutShort === true) {
    const text = `${name}: ${counted(comparisons.length, 'read')} as stored, until another prefix showed a disagreement`;
    return { ...line, verdict: 'neutral', text };
  }
  if (comparisons.length < reads.wanted)
    return {
      ...line,
      verdict: 'notProven',
      text: `${name}: only ${comparisons.length} of ${counted(reads.wanted, 'read')} ${reads.wanted === 1 ? 'was' : 'were'} possible`,
    };
  if (shown > 0)
    return {
      ...line,
      verdict: 'proven',
      text: `${name}: ${asStored(expectation)}${hiding(expectation, loaded)} (${of})`,
    };
  const text = comparisons.some(({ kind }) => kind === 'unknown')
    ? `${name}: what the server would say without any override is not known, so nothing can be compared`
    : reads.isBase === true
      ? `${name}: the server shows its own policy there, which tells nothing of the overrides that it holds`
      : `${name}: the stored values are the server's own, so its answer shows nothing by itself`;
  return { ...line, verdict: comparisons.some(({ kind }) => kind === 'unknown') ? 'notProven' : 'neutral', text };
}

function asStored({ winner }: Expectation): string {
  return winner === null
    ? 'the server shows its own policy, as it should without an override'
    : 'the server shows what is stored';
}

/** Which entry answers for a prefix, where that is not its own. */
function hiding({ winner, prefix }: Expectation, { entries, vanished = [] }: LoadedOverrides): string {
  if (winner === null || winner.prefix === prefix) return '';
  const own = entries.find((entry) => entry.prefix === prefix);
  const isUnused = own?.fields === null || vanished.some((entry) => entry.prefix === prefix);
  const why = isUnused
    ? 'the server cannot use the entry of this one'
    : own === undefined
      ? 'the first that starts this route'
      : 'it stands before and hides this one';
  return `, which is "${quoteOutside(winner.prefix)}": ${why}`;
}

function activeFault(reads: PrefixReads, loaded: LoadedOverrides, faultIn: ListFault): string | null {
  const lists = reads.answers.flatMap(({ activeOverrides }) =>
    activeOverrides === undefined ? [] : [activeOverrides],
  );
  return lists.map((list) => faultIn(loaded, list, reads.prefix)).find((fault) => fault !== null) ?? null;
}

/** The lines about the sample: each contradiction, and one for the rest. */
export function sampleLines(judgements: readonly PrefixJudgement[], observations: Observations): readonly Evidence[] {
  const { others, loaded } = observations;
  if (others === 0 || (judgements.length === 0 && observations.isAsked === true)) return [];
  const wrong = judgements.filter(({ differing }) => differing > 0).map((each) => changedLine(each, loaded));
  const right = judgements.filter(({ differing, comparisons }) => differing === 0 && comparisons.length > 0);
  const wanted = judgements.length;
  const isWhole = right.length + wrong.length === wanted;
  const showing = right.filter(({ shown }) => shown > 0).length;
  const coverage = `${right.length + wrong.length} of ${others} other prefixes were read`;
  const verdict = !isWhole ? 'notProven' : wrong.length > 0 ? 'neutral' : showing > 0 ? 'proven' : 'neutral';
  const text = isWhole ? `${coverage}: ${right.length} as stored` : `${coverage}, ${wanted} were wanted`;
  const source = judgements[0]?.reads.source ?? 'GET /rate-limit/policy';
  return [
    ...wrong.map((line) => ({ ...line, subject: 'sample' as const })),
    { subject: 'sample', verdict, text, source, route: null },
  ];
}
