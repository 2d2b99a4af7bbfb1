import type { Verdict } from '../proof/proof.js';
import type { FlagToSet } from '../shadow/restart.js';
import { unreachedText, type Unreached } from '../shadow/unreached.js';
import type { GateReport } from './gates.js';
import type { RolloutPlan } from './plan.js';
import {
  currentRecord,
  currentStage,
  nextIndex,
  type FlagBefore,
  type RolloutPhase,
  type RolloutState,
  type RolloutWork,
  type StageRecord,
} from './state.js';

/** What happens to a rollout. Times are those of Redis, epoch milliseconds. */
export type RolloutEvent =
  /** A stage is about to be entered: the next one, or after an abort the same again. */
  | { readonly kind: 'promoted'; readonly work: RolloutWork; readonly isForced: boolean }
  /** What stood before, known before the flags are touched. */
  | { readonly kind: 'flagsNoted'; readonly flags: readonly FlagBefore[] }
  /** What is written of the stage does not reach these entries. */
  | { readonly kind: 'unreached'; readonly atMs: number; readonly unreached: readonly Unreached[] }
  /** The stage's change is in force, or its proof was waived. */
  | { readonly kind: 'changed'; readonly atMs: number; readonly proof: Verdict }
  /** What is under way is written, and not proven: it stays under way. */
  | {
      readonly kind: 'notProven';
      readonly atMs: number;
      readonly proof: Verdict;
      readonly restart: readonly FlagToSet[];
    }
  /** What was begun could not be taken back: it stays under way. */
  | { readonly kind: 'hindered'; readonly atMs: number; readonly why: string }
  /** It was refused before anything was written. */
  | { readonly kind: 'notChanged'; readonly atMs: number; readonly why: string }
  /** Something that whoever comes later has to know. */
  | { readonly kind: 'remarked'; readonly atMs: number; readonly text: string }
  | { readonly kind: 'judged'; readonly atMs: number; readonly report: GateReport }
  | { readonly kind: 'paused'; readonly atMs: number; readonly by: string; readonly why: string }
  | { readonly kind: 'resumed'; readonly atMs: number; readonly by: string }
  | { readonly kind: 'abortBegun'; readonly work: RolloutWork }
  | { readonly kind: 'undoBegun'; readonly work: RolloutWork }
  /** What was begun has been taken back, by whoever went on with it: not always by who began it. */
  | { readonly kind: 'takenBack'; readonly atMs: number; readonly by: string; readonly proof: Verdict }
  /** Somebody else has the lease now. */
  | { readonly kind: 'takenOver'; readonly atMs: number; readonly by: string; readonly from: string };

/** An event that may not happen in this phase: a fault of the program or a race, never something to show as it is. */
export class ImpossibleEvent extends Error {
  constructor(
    readonly event: RolloutEvent['kind'],
    readonly phase: RolloutPhase,
  ) {
    super(`a rollout that is ${phase} cannot be ${event}`);
  }
}

const mostNotes = 40;

const untouched: StageRecord = {
  outcome: 'waiting',
  changeId: null,
  inForceAtMs: null,
  soakFromMs: null,
  endedAtMs: null,
  proof: null,
  judged: null,
  isForced: false,
  flags: [],
};

/** A rollout about to enter its first stage. */
export function beginRollout(
  plan: RolloutPlan,
  {
    id,
    reason,
    ticket,
    work,
  }: {
    readonly id: string;
    readonly reason: string | null;
    readonly ticket: string | null;
    readonly work: RolloutWork;
  },
): RolloutState {
  const state: RolloutState = {
    v: 1,
    id,
    plan,
    reason,
    ticket,
    startedBy: work.by,
    startedAtMs: work.atMs,
    phase: 'changing',
    stage: 0,
    stages: plan.stages.map(() => untouched),
    work,
    pausedFrom: null,
    notes: [],
  };
  return entering(state, 0, work);
}

/** The phases in which an event may happen. */
export const possible: Readonly<Record<RolloutEvent['kind'], readonly RolloutPhase[]>> = {
  promoted: ['watching', 'passed', 'aborted'],
  flagsNoted: ['changing'],
  unreached: ['changing'],
  changed: ['changing'],
  notProven: ['changing', 'aborting', 'undoing'],
  hindered: ['aborting', 'undoing'],
  notChanged: ['changing'],
  remarked: ['changing', 'aborting', 'undoing'],
  judged: ['watching'],
  paused: ['watching', 'passed'],
  resumed: ['paused'],
  abortBegun: ['changing', 'watching', 'passed', 'paused'],
  undoBegun: ['changing', 'watching', 'passed', 'paused', 'aborting', 'aborted', 'finished'],
  takenBack: ['aborting', 'undoing'],
  takenOver: ['changing', 'watching', 'passed', 'paused', 'aborting', 'aborted', 'undoing', 'undone', 'finished'],
};

/**
 * The state after an event; `null`: there is no rollout any more, because its first stage was refused before anything was
 * written. Pure. Throws an `ImpossibleEvent` where it may not happen.
 */
export function afterEvent(state: RolloutState, event: RolloutEvent): RolloutState | null {
  if (!possible[event.kind].includes(state.phase)) throw new ImpossibleEvent(event.kind, state.phase);
  switch (event.kind) {
    case 'promoted':
      return promoted(state, event);
    case 'flagsNoted':
      return withRecord(state, { flags: earliest(currentRecord(state).flags, event.flags) });
    case 'unreached':
      return unreached(state, event);
    case 'changed':
      return changed(state, event);
    case 'notProven':
      return notProven(state, event);
    case 'hindered':
      return hindered(state, event);
    case 'notChanged':
      return notChanged(state, event);
    case 'remarked':
      return noted(state, event.atMs, state.work?.by ?? '', event.text);
    case 'judged':
      return judged(state, event);
    case 'paused':
      return {
        ...noted(state, event.atMs, event.by, `paused${event.why === '' ? '' : `: ${event.why}`}`),
        phase: 'paused',
        pausedFrom: state.phase === 'passed' ? 'passed' : 'watching',
      };
    case 'resumed':
      return resumed(state, event);
    case 'abortBegun':
      return begun(state, 'aborting', event.work, `aborts ${currentStage(state).name}`);
    case 'undoBegun':
      return begun(state, 'undoing', event.work, 'takes the whole rollout back');
    case 'takenBack':
      return takenBack(state, event);
    case 'takenOver':
      return noted(state, event.atMs, event.by, `took over from ${event.from}`);
  }
}

type Of<Kind extends RolloutEvent['kind']> = Extract<RolloutEvent, { readonly kind: Kind }>;

function promoted(state: RolloutState, { work, isForced }: Of<'promoted'>): RolloutState {
  const index = nextIndex(state);
  if (index >= state.plan.stages.length) throw new ImpossibleEvent('promoted', state.phase);
  if (state.phase === 'watching' && !isForced) throw new ImpossibleEvent('promoted', state.phase);
  const left: RolloutState =
    state.phase === 'watching' ? withRecord(state, { outcome: 'passed', endedAtMs: work.atMs, isForced: true }) : state;
  return entering(left, index, state.phase === 'aborted' ? { ...work, isAgain: true } : work);
}

function entering(state: RolloutState, index: number, work: RolloutWork): RolloutState {
  const moved: RolloutState = { ...state, phase: 'changing', stage: index, work, pausedFrom: null };
  const fresh = { ...untouched, outcome: 'entered', changeId: work.changeId } as const;
  return noted(withRecord(moved, fresh), work.atMs, work.by, `enters ${currentStage(moved).name}`);
}

/** What was noted first of a bucket counts: a second look sees what the first attempt left. */
function earliest(noted: readonly FlagBefore[], found: readonly FlagBefore[]): readonly FlagBefore[] {
  return [...noted, ...found.filter(({ bucket }) => noted.every((each) => each.bucket !== bucket))];
}

/** A line for each in the log; what another attempt found before is not told twice. */
function unreached(state: RolloutState, { atMs, unreached: found }: Of<'unreached'>): RolloutState {
  const before = new Set((currentRecord(state).unreached ?? []).map(unreachedText));
  const fresh = found.map(unreachedText).filter((text) => !before.has(text));
  return fresh.reduce(
    (told, text) => noted(told, atMs, state.work?.by ?? '', `${currentStage(state).name}: ${text}`),
    withRecord(state, { unreached: found }),
  );
}

function changed(state: RolloutState, { atMs, proof }: Of<'changed'>): RolloutState {
  const inForce = { inForceAtMs: atMs, soakFromMs: atMs, proof };
  return { ...withRecord(state, inForce), phase: 'watching', work: null };
}

function notProven(state: RolloutState, { atMs, proof, restart }: Of<'notProven'>): RolloutState {
  const told = noted(withRecord(state, { proof }), atMs, state.work?.by ?? '', 'its effect is not proven');
  if (told.work === null) return told;
  const { restart: _, ...work } = told.work;
  return { ...told, work: restart.length === 0 ? work : { ...work, restart } };
}

function hindered(state: RolloutState, { atMs, why }: Of<'hindered'>): RolloutState {
  const work = state.work && { ...state.work, hindered: why };
  return noted({ ...state, work }, atMs, work?.by ?? '', `could not be taken back: ${why}`);
}

/** Back to where it came from: the stage before has passed, or the same one was aborted before. */
function notChanged(state: RolloutState, { atMs, why }: Of<'notChanged'>): RolloutState | null {
  const { work, stage } = state;
  const isAgain = work?.isAgain === true;
  if (stage === 0 && !isAgain) return null;
  const reset = withRecord(state, isAgain ? { ...untouched, outcome: 'aborted', endedAtMs: atMs } : untouched);
  const back = isAgain ? ({ phase: 'aborted', stage } as const) : ({ phase: 'passed', stage: stage - 1 } as const);
  return noted(
    { ...reset, ...back, work: null },
    atMs,
    work?.by ?? '',
    `could not enter ${currentStage(state).name}: ${why}`,
  );
}

/** A failed gate leaves it watching: the abort that follows is work of its own. */
function judged(state: RolloutState, { atMs, report }: Of<'judged'>): RolloutState {
  const seen = withRecord(state, { judged: { ...report, atMs } });
  const { soakFromMs } = currentRecord(state);
  const isSoaked = soakFromMs !== null && atMs - soakFromMs >= currentStage(state).soakMs;
  if (report.verdict !== 'pass' || !isSoaked) return seen;
  const passed = withRecord(seen, { outcome: 'passed', endedAtMs: atMs });
  const isLast = state.stage === state.plan.stages.length - 1;
  const told = noted(passed, atMs, 'gates', `${currentStage(state).name} has passed`);
  return { ...told, phase: isLast ? 'finished' : 'passed' };
}

/** Nobody watched meanwhile: what has to stand for its time begins anew. */
function resumed(state: RolloutState, { atMs, by }: Of<'resumed'>): RolloutState {
  const phase = state.pausedFrom ?? 'watching';
  const told: RolloutState = { ...noted(state, atMs, by, 'resumed'), phase, pausedFrom: null };
  return phase === 'watching' ? withRecord(told, { soakFromMs: atMs }) : told;
}

function begun(state: RolloutState, phase: 'aborting' | 'undoing', work: RolloutWork, what: string): RolloutState {
  const told = noted(state, work.atMs, work.cause === 'gate' ? 'gates' : work.by, `${what}: ${work.why}`);
  return { ...told, phase, work, pausedFrom: null };
}

function takenBack(state: RolloutState, { atMs, by, proof }: Of<'takenBack'>): RolloutState {
  const back = { endedAtMs: atMs, proof, inForceAtMs: null, soakFromMs: null } as const;
  if (state.phase === 'aborting') {
    const told = noted(
      withRecord(state, { ...back, outcome: 'aborted' }),
      atMs,
      by,
      `${currentStage(state).name} is taken back`,
    );
    return { ...told, phase: 'aborted', work: null };
  }
  const stages = state.stages.map((each): StageRecord =>
    each.outcome === 'waiting' || each.outcome === 'aborted' ? each : { ...each, ...back, outcome: 'undone' },
  );
  return { ...noted({ ...state, stages }, atMs, by, 'everything is taken back'), phase: 'undone', work: null };
}

function withRecord(state: RolloutState, change: Partial<StageRecord>): RolloutState {
  const stages = state.stages.map((each, index) => (index === state.stage ? { ...each, ...change } : each));
  return { ...state, stages };
}

function noted(state: RolloutState, atMs: number, by: string, text: string): RolloutState {
  return { ...state, notes: [...state.notes, { atMs, by, text }].slice(-mostNotes) };
}
