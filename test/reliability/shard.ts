import { chances } from './chances.js';
import type { Trial, UnitOutcome } from './trial.js';

/** What units have added up to. */
export interface Tally {
  /** The numbers of the units that were done. */
  readonly done: number[];
  readonly counts: Record<string, number>;
  readonly most: Record<string, number>;
  readonly faults: Fault[];
}

export interface Fault {
  /** The unit that it was met in; `null`: when the shard was closed. */
  readonly unit: number | null;
  readonly text: string;
}

export const emptyTally = (): Tally => ({ done: [], counts: {}, most: {}, faults: [] });

/** Adds one tally to another. */
export function addTally(to: Tally, from: Tally): void {
  to.done.push(...from.done);
  for (const [what, count] of Object.entries(from.counts)) to.counts[what] = (to.counts[what] ?? 0) + count;
  for (const [what, value] of Object.entries(from.most)) to.most[what] = Math.max(to.most[what] ?? value, value);
  to.faults.push(...from.faults);
}

function addOutcome(to: Tally, unit: number | null, { counts, most = {}, faults }: UnitOutcome): void {
  addTally(to, {
    done: unit === null ? [] : [unit],
    counts: { ...counts },
    most: { ...most },
    faults: faults.map((text) => ({ unit, text })),
  });
}

export interface ShardPlan {
  readonly trial: Trial;
  readonly seed: number;
  readonly isQuick: boolean;
  /** The numbers of the units to do, in this order. */
  readonly units: readonly number[];
  /** Asked before each unit but the first; `longestMs`: what the longest one took. */
  isOver(this: void, longestMs: number): boolean;
  /** A line of figures. */
  progress(this: void, text: string): void;
}

/** A unit or an end that takes longer than this hangs: that is a fault, and the end of its shard. */
const hangMs = 120_000;
/** More faults than this are no news. */
const enoughFaults = 20;

/** Does units one after the other on one ground, and closes it. */
export async function runShard({ trial, seed, isQuick, units, isOver, progress }: ShardPlan): Promise<Tally> {
  const tally = emptyTally();
  const show = (text: string): void => progress([...figuresOf(tally), text].filter((each) => each !== '').join(' · '));
  const ground = await withinTime(trial.open({ seed, isQuick, progress: show }), 'its start');
  let longestMs = 0;
  let isHanging = false;
  for (const [turn, unit] of units.entries()) {
    if (isHanging || tally.faults.length > enoughFaults || (turn > 0 && isOver(longestMs))) break;
    const startedMs = performance.now();
    const outcome = await settled(async () => ground.unit(unit, chances(seed, trial.name, unit)), `unit ${unit}`);
    isHanging = outcome.isHanging;
    addOutcome(tally, unit, outcome);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    show('');
  }
  addOutcome(tally, null, await settled(async () => ground.close(), 'its end'));
  return tally;
}

function figuresOf({ done, counts, faults }: Tally): readonly string[] {
  const figures = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  return [`${done.length} units`, ...(faults.length > 0 ? [`${faults.length} FAULTS`] : []), ...figures];
}

interface Settled extends UnitOutcome {
  readonly isHanging: boolean;
}

/** What it resolves to; what it throws, and that it hangs, as a fault. */
async function settled(act: () => Promise<UnitOutcome>, what: string): Promise<Settled> {
  try {
    return { ...(await withinTime(act(), what)), isHanging: false };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { counts: {}, faults: [text], isHanging: error instanceof HangError };
  }
}

class HangError extends Error {}

async function withinTime<Result>(result: Promise<Result>, what: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HangError(`${what} took longer than ${hangMs / 1000} s`)), hangMs);
  });
  try {
    return await Promise.race([result, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

export type Word = 'held' | 'FAILED' | 'VOID' | 'measured';

export interface Verdict {
  readonly word: Word;
  /** Why it is void; `null`: it is not. */
  readonly because: string | null;
}

/** What a tally comes to. Too little load is void: nothing that could have gone wrong was there. */
export function verdictOf(trial: Trial, { done, counts, faults }: Tally, isQuick: boolean): Verdict {
  if (faults.length > 0) return { word: 'FAILED', because: null };
  const share = isQuick && trial.leastQuick ? done.length / trial.quick : done.length / trial.units;
  const least = (isQuick ? trial.leastQuick : undefined) ?? trial.least;
  const wants = Object.entries(least).map(([what, whole]) => ({ what, want: Math.floor(whole * share) }));
  const short = wants.find(({ what, want }) => (counts[what] ?? 0) < want);
  if (done.length === 0) return { word: 'VOID', because: 'no unit was done' };
  if (short) return { word: 'VOID', because: `${short.what}: ${counts[short.what] ?? 0}, fewer than ${short.want}` };
  return { word: trial.isMeasure === true ? 'measured' : 'held', because: null };
}
