import type { OperationRef } from '../operation/reference.js';
import type { Verdict } from '../proof/proof.js';
import type { FlagToSet } from '../shadow/restart.js';
import type { Unreached } from '../shadow/unreached.js';
import type { GateReport } from './gates.js';
import type { RolloutPlan, RolloutStage } from './plan.js';

/**
 * Where a rollout stands. `changing`, `aborting` and `undoing`: that work is written down and may or may not have been done;
 * whoever goes on does it, once. `watching`: a stage is in force and its gates are open. `passed`: the stage has passed,
 * the next one may begin. `paused`: nobody promotes and nothing is aborted. `aborted`: the stage was taken back, those
 * before it stand. `undone` and `finished` are the ends.
 */
export type RolloutPhase =
  'changing' | 'watching' | 'passed' | 'paused' | 'aborting' | 'aborted' | 'undoing' | 'undone' | 'finished';

/** A bucket's flag as it stood before a stage set it past the document. */
export interface FlagBefore {
  readonly bucket: string;
  /** The file's path, or the program. */
  readonly place: string;
  readonly variable: string;
  /** The value's exact text; `null`: absent, or nobody could tell. */
  readonly before: string | null;
  /** The value's exact text that the stage wrote. */
  readonly wrote: string;
}

/** Work that was written down before it was done. */
export interface RolloutWork {
  /** The change id under which it is done: by it the history tells whether it was. */
  readonly changeId: string;
  readonly by: string;
  readonly atMs: number;
  /** Why, a sentence. */
  readonly why: string;
  /** What decided it: somebody, or a gate. */
  readonly cause: 'operator' | 'gate';
  /** True of a stage that was aborted, and is entered once more. Absent: it was not. */
  readonly isAgain?: true;
  /** Why the last attempt could not do it, a sentence; absent: none failed. */
  readonly hindered?: string;
  /** The flags that its server takes from a restart only, where the last attempt found that; absent: it did not. */
  readonly restart?: readonly FlagToSet[];
}

/** What became of one stage. Times are those of Redis, epoch milliseconds. */
export interface StageRecord {
  readonly outcome: 'waiting' | 'entered' | 'passed' | 'aborted' | 'undone';
  /** The change that put it into force last; `null`: none did yet. */
  readonly changeId: string | null;
  /** When it was in force; `null`: it is not, or not yet. */
  readonly inForceAtMs: number | null;
  /** What its time is reckoned from: in force, or resumed after a pause. `null`: it is not in force. */
  readonly soakFromMs: number | null;
  /** When it passed or was taken back; `null`: neither. */
  readonly endedAtMs: number | null;
  /** What its proof came to; `null`: it was not made yet. */
  readonly proof: Verdict | null;
  /** What its gates said last; `null`: nobody has looked. */
  readonly judged: (GateReport & { readonly atMs: number }) | null;
  /** True: somebody went on although its gates had not passed. */
  readonly isForced: boolean;
  /** The flags that stood before, of a driver that the history knows nothing of; empty: none. */
  readonly flags: readonly FlagBefore[];
  /** Entries that it did not reach when it was made: they went on as they were. Absent: none. */
  readonly unreached?: readonly Unreached[];
}

/** Something that happened, for whoever takes over. */
export interface RolloutNote {
  readonly atMs: number;
  readonly by: string;
  readonly text: string;
}

/** A rollout, as it is kept beside the document. */
export interface RolloutState {
  readonly v: 1;
  readonly id: string;
  readonly plan: RolloutPlan;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly startedBy: string;
  readonly startedAtMs: number;
  readonly phase: RolloutPhase;
  /** The stage it is in, from 0. */
  readonly stage: number;
  /** As many as the plan has stages. */
  readonly stages: readonly StageRecord[];
  /** What is under way; `null`: nothing is. */
  readonly work: RolloutWork | null;
  /** What it was before it was paused; `null`: it is not paused. */
  readonly pausedFrom: 'watching' | 'passed' | null;
  /** The newest last; older ones are dropped. */
  readonly notes: readonly RolloutNote[];
}

/** The rollout, or a stage of it, as the history names it. */
export function referenceOf({ id }: Pick<RolloutState, 'id'>, stage: RolloutStage | null): OperationRef {
  return stage === null ? { kind: 'rollout', id } : { kind: 'rollout', id, step: stage.name };
}

/** Phases in which nothing more is to come of themselves: another rollout may begin. */
export function isOver({ phase }: Pick<RolloutState, 'phase'>): boolean {
  return phase === 'finished' || phase === 'undone' || phase === 'aborted';
}

/** The stage it is in. */
export function currentStage({ plan, stage }: Pick<RolloutState, 'plan' | 'stage'>): RolloutStage {
  const found = plan.stages[stage];
  if (found === undefined) throw new RangeError(`there is no stage ${stage}`);
  return found;
}

/** The record of the stage it is in. */
export function currentRecord({ stages, stage }: Pick<RolloutState, 'stages' | 'stage'>): StageRecord {
  const found = stages[stage];
  if (found === undefined) throw new RangeError(`there is no record of stage ${stage}`);
  return found;
}

/** The stage that would come next: after an abort the same again. `null`: there is none. */
export function nextStage(state: RolloutState): RolloutStage | null {
  return state.plan.stages[nextIndex(state)] ?? null;
}

export function nextIndex({ phase, stage }: Pick<RolloutState, 'phase' | 'stage'>): number {
  return phase === 'aborted' ? stage : stage + 1;
}

/** How much longer a stage has to stand, milliseconds; 0: long enough. */
export function soakLeftMs(state: RolloutState, nowMs: number): number {
  const { soakFromMs } = currentRecord(state);
  if (soakFromMs === null) return currentStage(state).soakMs;
  return Math.max(0, soakFromMs + currentStage(state).soakMs - nowMs);
}

interface Standing {
  readonly stage: RolloutStage;
  readonly record: StageRecord;
}

function standing({ plan, stages }: Pick<RolloutState, 'plan' | 'stages'>): readonly Standing[] {
  return plan.stages.flatMap((stage, index) => {
    const record = stages[index];
    return record?.outcome === 'entered' || record?.outcome === 'passed' ? [{ stage, record }] : [];
  });
}

/** The buckets that the stages which stand have set, each once. */
export function standingBuckets(state: Pick<RolloutState, 'plan' | 'stages'>): readonly string[] {
  return [...new Set(standing(state).flatMap(({ stage: { shadow, enforce } }) => [...shadow, ...enforce]))];
}

/** The stages that stand below the one it is in. */
export function stagesBelow({ plan, stages, stage }: Pick<RolloutState, 'plan' | 'stages' | 'stage'>) {
  return { plan, stages: stages.slice(0, stage) };
}

/** The buckets that the stage it is in enforces and that the stages below it left in shadow: what taking it back comes to. */
export function shadowedBelow(state: Pick<RolloutState, 'plan' | 'stages' | 'stage'>): readonly string[] {
  const below = standing(stagesBelow(state)).map(({ stage }) => stage);
  const lastOf = (bucket: string): RolloutStage | undefined =>
    below.findLast(({ shadow, enforce }) => [...shadow, ...enforce].includes(bucket));
  return currentStage(state).enforce.filter((bucket) => lastOf(bucket)?.shadow.includes(bucket) === true);
}

/** What the stages that stand did not reach when they were entered, by the last of them that set the bucket; empty: nothing. */
export function unreachedWhenEntered(state: Pick<RolloutState, 'plan' | 'stages'>): readonly Unreached[] {
  const all = standing(state);
  const sets = ({ shadow, enforce }: RolloutStage, bucket: string): boolean => [...shadow, ...enforce].includes(bucket);
  return all.flatMap(({ record }, index) =>
    (record.unreached ?? []).filter(({ bucket }) => !all.slice(index + 1).some(({ stage }) => sets(stage, bucket))),
  );
}

/**
 * How far back the gates of the stage look at a moment, milliseconds: never before it was in force, because what happened
 * then was not its doing. At least a second.
 */
export function gateWindowMs(state: RolloutState, nowMs: number): number {
  const { soakFromMs } = currentRecord(state);
  const elapsed = soakFromMs === null ? 0 : nowMs - soakFromMs;
  return Math.max(1000, Math.min(currentStage(state).windowMs, Math.floor(elapsed / 1000) * 1000));
}

export function rolloutText(state: RolloutState): string {
  return JSON.stringify(state);
}

/** Reads a kept rollout; `null`: the text is none that this version understands. */
export function parseRollout(text: string): RolloutState | null {
  try {
    const value = JSON.parse(text) as Partial<RolloutState> | null;
    if (value === null || typeof value !== 'object' || value.v !== 1) return null;
    const { plan, stages, stage, id, phase } = value;
    const isWhole =
      typeof id === 'string' && typeof phase === 'string' && Number.isInteger(stage) && Array.isArray(stages);
    if (!isWhole || plan?.stages.length !== stages.length || stages[stage ?? -1] === undefined) return null;
    return value as RolloutState;
  } catch {
    return null;
  }
}
