import type { BucketDecisions, CoursePoint, Decisions, RemarkCode } from '../decisions/decisions.js';
import { countText, secondsText, shareText } from '../quantities.js';
import type { RolloutStage, StageGates } from './plan.js';

/** What is held against a limit. */
export type GateName = keyof StageGates;

export type GateVerdict = 'pass' | 'fail' | 'inconclusive';

/** One gate of one bucket, with its number. */
export interface GateReading {
  readonly gate: GateName;
  readonly bucket: string;
  /** Shares 0 to 1, seconds, or a count; `null`: no data. */
  readonly value: number | null;
  /** The most that passes; of `samples` the least. */
  readonly limit: number;
  readonly verdict: GateVerdict;
  /** Why it is not told by its numbers alone, a sentence; `null`: it is. */
  readonly note: string | null;
  /** How it ran within the window, oldest first; empty where that is not told. */
  readonly course: readonly (number | null)[];
}

/** What all gates of a stage say. */
export interface GateReport {
  /** Any failed gate fails it; without one, anything that nobody can tell leaves it inconclusive. No data never passes. */
  readonly verdict: GateVerdict;
  readonly readings: readonly GateReading[];
  /** How far back the gates looked, milliseconds. */
  readonly windowMs: number;
  /** Why nothing of it may pass, sentences that may hold outside text; empty: nothing stands against it. */
  readonly doubts: readonly string[];
}

/** What the gates are judged on. */
export interface GateFigures {
  /** `null`: they could not be had. */
  readonly decisions: Decisions | null;
  /** Refusals that stood in counters when they were first seen, by bucket: no increase holds them. Absent: none. */
  readonly begun: ReadonlyMap<string, { readonly blocked: number; readonly shadowBlocked: number }>;
  /** Why figures are missing, a sentence; `null`: they are not. */
  readonly failure: string | null;
  readonly windowMs: number;
  /** What else stands against believing them, sentences. Absent: nothing. */
  readonly doubts?: readonly string[];
}

/** Figures under these remarks may be wrong: they never let a stage pass. */
const doubtful: ReadonlySet<RemarkCode> = new Set([
  'ALTERNATING_WORKERS',
  'ONE_OF_SEVERAL_WORKERS',
  'STALE',
  'UNKNOWN_LABELS',
]);

/** Judges every gate of a stage for every bucket that it watches. Pure. */
export function judgeGates(stage: Pick<RolloutStage, 'gates' | 'watch'>, figures: GateFigures): GateReport {
  const { decisions, failure, windowMs } = figures;
  const readings = stage.watch.flatMap((bucket) => readingsOf(stage.gates, bucket, figures));
  const remarks = decisions?.remarks.filter(({ code }) => doubtful.has(code)).map(({ text }) => text) ?? [];
  const doubts = [...(failure === null ? [] : [failure]), ...remarks, ...(figures.doubts ?? [])];
  return { verdict: verdictOf(readings, doubts), readings, windowMs, doubts };
}

function verdictOf(readings: readonly GateReading[], doubts: readonly string[]): GateVerdict {
  if (readings.some(({ verdict }) => verdict === 'fail')) return 'fail';
  const isWhole = readings.length > 0 && readings.every(({ verdict }) => verdict === 'pass');
  return isWhole && doubts.length === 0 ? 'pass' : 'inconclusive';
}

/** The figures of a bucket, with what its counters held when they began. */
interface Counted {
  readonly bucket: BucketDecisions;
  readonly total: number;
  readonly blocked: number;
  readonly over: number;
}

function readingsOf(gates: StageGates, name: string, figures: GateFigures): readonly GateReading[] {
  const found = countedOf(name, figures);
  const counted = found !== null && found.total >= gates.samples ? found : null;
  const few = found === null ? 'no data' : `too few decisions: ${countText(found.total)} of ${gates.samples}`;
  const reading = (gate: GateName, judge: (limit: number) => Judged): readonly GateReading[] => {
    const limit = gates[gate];
    return limit === null ? [] : [{ gate, bucket: name, limit, course: [], note: null, ...judge(limit) }];
  };
  const judged = (judge: (counted: Counted, limit: number) => Judged) => (limit: number) =>
    counted === null ? noData(few) : judge(counted, limit);
  return [
    ...reading(
      'blockShare',
      judged((one, limit) => shareOf(one, one.blocked, limit, refused)),
    ),
    ...reading(
      'wouldBlockShare',
      judged((one, limit) => held(shareOf(one, one.over, limit, overLimit))),
    ),
    ...reading('retryAfterP95', judged(retryAfter)),
    ...reading('evaluationErrors', (limit) => evaluationErrors(name, figures, counted === null ? few : null, limit)),
    ...reading('samples', (limit) => samples(found, limit)),
  ];
}

type Judged = Pick<GateReading, 'value' | 'verdict'> & Partial<Pick<GateReading, 'note' | 'course'>>;

function noData(note: string): Pick<GateReading, 'verdict' | 'note' | 'value'> {
  return { value: null, verdict: 'inconclusive', note };
}

/** `null`: nothing is known of the bucket. A bucket that is counted and has no series of refusals has refused nothing. */
function countedOf(name: string, { decisions, begun }: GateFigures): Counted | null {
  const bucket = decisions?.buckets.find((each) => each.bucket === name);
  if (bucket === undefined || bucket.total === null) return null;
  const more = begun.get(name) ?? { blocked: 0, shadowBlocked: 0 };
  const blocked = (bucket.blocked.count ?? 0) + more.blocked;
  const over = blocked + (bucket.shadowBlocked.count ?? 0) + more.shadowBlocked;
  return { bucket, total: bucket.total + more.blocked + more.shadowBlocked, blocked, over };
}

function atMost(value: number, limit: number): GateVerdict {
  return value <= limit ? 'pass' : 'fail';
}

function shareOf({ bucket, total }: Counted, part: number, limit: number, courseOf: PointShare): Judged {
  const share = part / total;
  return { value: share, verdict: atMost(share, limit), course: bucket.course.map(courseOf) };
}

/** What is not enforced yet hurts nobody: too much of it holds a stage, and never takes it back. */
function held(judged: Judged): Judged {
  if (judged.verdict !== 'fail') return judged;
  return {
    ...judged,
    verdict: 'inconclusive',
    note: 'too much to be enforced; it holds the stage and takes nothing back',
  };
}

type PointShare = (point: CoursePoint) => number | null;

const refused: PointShare = (point) => pointShare(point, point.blocked ?? 0);
const overLimit: PointShare = (point) => pointShare(point, (point.blocked ?? 0) + (point.shadowBlocked ?? 0));

function pointShare({ allowed, blocked, shadowBlocked }: CoursePoint, part: number): number | null {
  if (allowed === null && blocked === null && shadowBlocked === null) return null;
  const all = (allowed ?? 0) + (blocked ?? 0) + (shadowBlocked ?? 0);
  return all === 0 ? null : part / all;
}

/** The histogram ends somewhere: beyond its last edge nobody knows more than that. */
function retryAfter({ bucket, over }: Counted, limit: number): Judged {
  const p95 = bucket.retryAfter.p95;
  if (p95 === null) {
    return over === 0 ? { value: 0, verdict: 'pass', note: 'nobody was over the limit' } : noData('no data');
  }
  const { seconds, isAtLeast } = p95;
  if (!isAtLeast) return { value: seconds, verdict: atMost(seconds, limit) };
  const note = `at least ${secondsText(seconds)}: the histogram ends there`;
  return { value: seconds, verdict: seconds >= limit ? 'fail' : 'inconclusive', note };
}

/**
 * A counter of failures exists from the first failure on: where enough decisions are counted, none of it is none. What
 * failed is counted as no decision, so that too many failures fail it however few decisions there are. `few`: why there are
 * not enough; `null`: there are.
 */
function evaluationErrors(name: string, { decisions }: GateFigures, few: string | null, limit: number): Judged {
  const errors = decisions?.buckets.find(({ bucket }) => bucket === name)?.evalErrors ?? null;
  if (errors !== null && errors > limit) return { value: errors, verdict: 'fail' };
  if (few !== null) return { ...noData(few), value: errors };
  if (errors === null) return { value: 0, verdict: 'pass', note: 'none has ever been counted' };
  return { value: errors, verdict: 'pass' };
}

function samples(found: Counted | null, least: number): Judged {
  if (found === null) return noData('no data');
  return { value: found.total, verdict: found.total >= least ? 'pass' : 'inconclusive' };
}

const names: Readonly<Record<GateName, string>> = {
  blockShare: 'refused',
  wouldBlockShare: 'would be refused',
  retryAfterP95: 'Retry-After p95',
  evaluationErrors: 'evaluation errors',
  samples: 'decisions',
};

/** A gate as people call it. */
export function gateInWords(gate: GateName): string {
  return names[gate];
}

/** A gate's number with its unit; `null`: no data. */
export function gateValueText(gate: GateName, value: number | null): string {
  if (value === null) return 'no data';
  if (gate === 'blockShare' || gate === 'wouldBlockShare') return shareText(value);
  if (gate === 'retryAfterP95') return secondsText(value);
  // What a source extrapolates is no whole number; of decisions there are whole ones only.
  return countText(gate === 'evaluationErrors' ? value : Math.floor(value));
}

/** What passes: `≤ 5%`, `≥ 50`. */
export function gateLimitText(gate: GateName, limit: number): string {
  return `${gate === 'samples' ? '≥' : '≤'} ${gateValueText(gate, limit)}`;
}

/** One reading as a sentence: `financial: refused 38% (≤ 5%)`. */
export function readingText({ gate, bucket, value, limit, note }: GateReading): string {
  const number = value === null ? (note ?? 'no data') : gateValueText(gate, value);
  return `${bucket}: ${gateInWords(gate)} ${number} (${gateLimitText(gate, limit)})`;
}

/** True where no gate has a number: then nothing passes, and nothing is taken back however much is refused. */
export function isBlind({ readings }: Pick<GateReport, 'readings'>): boolean {
  return readings.every(({ value }) => value === null);
}

/** What has not passed, a sentence each; gates of which the same keeps a number away are said together, by their buckets. */
export function openTexts({ readings }: Pick<GateReport, 'readings'>): readonly string[] {
  const open = readings.filter(({ verdict }) => verdict !== 'pass');
  const notes = new Map<string, Set<string>>();
  for (const { value, note, bucket } of open) {
    if (value !== null) continue;
    const why = note ?? 'no data';
    notes.set(why, (notes.get(why) ?? new Set()).add(bucket));
  }
  return [
    ...open.filter(({ value }) => value !== null).map(readingText),
    ...[...notes].map(([note, buckets]) => `${[...buckets].join(', ')}: ${note}`),
  ];
}
