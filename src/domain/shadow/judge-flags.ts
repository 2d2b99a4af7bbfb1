import type { Evidence, Proof, Verdict } from '../proof/proof.js';
import { traps, type TrapId } from '../proof/traps.js';
import {
  confidenceIn,
  flagLine,
  inWords,
  noProbe,
  probeLine,
  showsNoMove,
  switchLines,
  workersLine,
} from './flag-evidence.js';
import {
  fits,
  flagIn,
  wasSoBefore,
  type ExpectedFlag,
  type FlagObservations,
  type FlagStanding,
} from './flag-observations.js';

/** What the observations of flags come to. */
export type FlagJudgement = Pick<
  Proof,
  'verdict' | 'levelReached' | 'evidence' | 'trap' | 'diagnosis' | 'confidence' | 'distinctAnswers'
> & {
  /** True where some worker shows the flag and another does not yet: another reload may reach it. */
  readonly isSplit: boolean;
};

/** Judges flags by the driver's own evidence: what the answers of the reloads say, and what other workers say since. */
export function judgeFlags(seen: FlagObservations): FlagJudgement {
  const standings = seen.flags.map((flag) => standingOf(flag, seen));
  const lines = [...standings.map((standing) => flagLine(standing, seen)), ...workersLine(seen, standings)];
  const loaded = worst(lines);
  const enforcement = seen.probes.map((probe) => probeLine(probe, seen));
  const isEnforcedAsked = seen.levelAsked === 'enforced';
  const asked = isEnforcedAsked && enforcement.length === 0 ? [noProbe] : enforcement;
  const verdict = loaded === 'proven' && isEnforcedAsked ? worst([...lines, ...asked]) : loaded;
  const isMet = enforcement.some((line) => line.verdict === 'proven') && worst(enforcement) === 'proven';
  const levelReached = loaded !== 'proven' ? 'none' : isMet ? 'enforced' : 'loaded';
  const evidence = [...lines, ...switchLines(seen), ...asked];
  const trap = loaded === 'contradicted' ? trapOf(standings, seen) : null;
  return {
    verdict,
    levelReached,
    evidence,
    trap,
    diagnosis:
      loaded === 'contradicted' && trap === null
        ? stuckText(standings, seen)
        : diagnosisOf(seen, { verdict, evidence, trap }),
    confidence: seen.workers === 1 || seen.reads.length === 0 ? null : confidenceIn(seen),
    distinctAnswers: Math.max(0, ...standings.map(distinctOf)),
    isSplit: standings.some(({ readsWrong }) => readsWrong > 0),
  };
}

function standingOf(flag: ExpectedFlag, { reports, reads }: FlagObservations): FlagStanding {
  const found = reports.flatMap((report) => {
    const value = flagIn(report, flag);
    return value === null ? [] : [fits(flag, value, report.isShadow)];
  });
  const isGlobal = reports.at(-1)?.isShadow ?? null;
  const readsWrong = reads.filter((read) => read.bucket === flag.bucket && !fits(flag, read.isShadow, isGlobal)).length;
  const right = found.filter(Boolean).length;
  return { flag, right, wrong: found.length - right, readsWrong };
}

function distinctOf({ right, wrong, readsWrong }: FlagStanding): number {
  return Math.min(1, right) + Math.min(1, wrong + readsWrong);
}

function worst(lines: readonly Evidence[]): Verdict {
  if (lines.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted';
  return lines.some(({ verdict }) => verdict === 'notProven') ? 'notProven' : 'proven';
}

/**
 * A flag that no answer shows was not read again; one that some show has not reached every worker. `null`: the same reload
 * moved others, so that flags are read again, or the way each is written is reason enough.
 */
function trapOf(standings: readonly FlagStanding[], seen: FlagObservations): TrapId | null {
  const stuck = standings.filter(isStuck);
  if (stuck.length === 0) return 'staleWorkers';
  const isWritingEnough = stuck.every(({ flag }) => flag.doubt !== undefined);
  return isWritingEnough || standings.some((each) => hasMoved(each, seen)) ? null : 'flagNeedsRestart';
}

function isStuck({ right, wrong }: FlagStanding): boolean {
  return wrong > 0 && right === 0;
}

function hasMoved({ flag, right, wrong, readsWrong }: FlagStanding, { reports }: FlagObservations): boolean {
  return right > 0 && wrong + readsWrong === 0 && flag.before !== null && !wasSoBefore(flag, reports);
}

/** What keeps a flag where it was: how it is written, where others moved or nothing else is known; and what to do. */
function stuckText(standings: readonly FlagStanding[], seen: FlagObservations): string {
  const namesOf = (those: readonly FlagStanding[]): string => those.map(({ flag }) => flag.bucket).join(', ');
  const stuck = standings.filter(isStuck);
  const doubts = stuck.flatMap(({ flag }) => flag.doubt ?? []);
  const moved = namesOf(standings.filter((each) => hasMoved(each, seen)));
  const looks = 'then reload and look: rlctl reload, then rlctl shadow list';
  const said = `of ${namesOf(stuck)} the server does not say what was asked for`;
  const inValue = `${doubts.join('; ')}, which this server may take for a part of the value: move it to a line of its own`;
  if (moved === '')
    return `${said}: ${inValue}, ${looks}; where it stays so, the flags need a restart of the server to be read`;
  const cure =
    doubts.length === 0 ? 'compare how these values are written, and what else sets them for the server' : inValue;
  return `${said}, though the same reload moved ${moved}: it reads its flags again, but not this value as it is meant; ${cure}, ${looks}`;
}

function diagnosisOf(
  { flags, reports }: FlagObservations,
  { verdict, evidence, trap }: Pick<Proof, 'verdict' | 'evidence' | 'trap'>,
): string {
  if (trap !== null) return `${traps[trap].meaning}; ${traps[trap].cure}`;
  const reason = evidence.find((each) => each.verdict === verdict)?.text ?? 'nothing was seen';
  if (verdict !== 'proven')
    return verdict === 'contradicted' ? reason : `${reason}; to look again, run: rlctl shadow list`;
  const same = flags.filter((flag) => wasSoBefore(flag, reports));
  const [first] = flags;
  if (flags.length !== 1 || first === undefined) {
    const names = same.length === flags.length ? 'all of them' : same.map(({ bucket }) => bucket).join(', ');
    const already = same.length === 0 ? '' : `; of ${names} it said so before, and ${showsNoMove}`;
    return `the server says of all ${flags.length} buckets what was asked for${already}`;
  }
  const isSame = same.length > 0;
  if (first.isShadow === null) return withoutOwnText(first, reports, isSame);
  const already = isSame ? `, as it said before: ${showsNoMove}` : '';
  return `the server says that ${first.bucket} is ${inWords(first.isShadow)}${already}`;
}

/** A bucket whose own line is gone, and what holds it now. */
function withoutOwnText(flag: ExpectedFlag, reports: FlagObservations['reports'], isSame: boolean): string {
  const last = reports.at(-1);
  const isShadow = last !== undefined && flagIn(last, flag) === true;
  const how = `${isSame ? 'still says' : 'says'} that it is ${inWords(isShadow)}${isShadow ? ' by global shadow' : ''}`;
  return `${flag.bucket} has no flag of its own again, and the server ${how}${isSame ? `; ${showsNoMove}` : ''}`;
}
