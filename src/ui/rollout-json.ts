import type { GateReport } from '../domain/rollout/gates.js';
import type { RolloutPlan, RolloutStage } from '../domain/rollout/plan.js';
import {
  currentStage,
  soakLeftMs,
  unreachedWhenEntered,
  type RolloutState,
  type StageRecord,
} from '../domain/rollout/state.js';
import type { Unreached } from '../domain/shadow/unreached.js';
import { isoTime } from './time.js';

/** A plan for programs, every limit with it. */
export function planJson({ name, stages }: RolloutPlan): Record<string, unknown> {
  return { name, stages: stages.map(stageJson) };
}

function stageJson({ windowMs, soakMs, ...stage }: RolloutStage): Record<string, unknown> {
  return { ...stage, windowSeconds: windowMs / 1000, soakSeconds: soakMs / 1000 };
}

/** A rollout for programs. `unreached`: what it does not reach now; absent or `null`: as it was when the stages were entered. */
export function rolloutJson(
  state: RolloutState,
  unreached: readonly Unreached[] | null = null,
): Record<string, unknown> {
  const { id, plan, phase, reason, ticket, startedBy, startedAtMs, stages, work, notes } = state;
  return {
    id,
    plan: plan.name,
    phase,
    stage: currentStage(state).name,
    stageNumber: state.stage + 1,
    startedAt: isoTime(startedAtMs),
    startedBy,
    reason,
    ticket,
    stages: plan.stages.map((stage, index) => ({ ...stageJson(stage), ...recordJson(stages[index]) })),
    work: work && {
      changeId: work.changeId,
      by: work.by,
      at: isoTime(work.atMs),
      why: work.why,
      cause: work.cause,
      hindered: work.hindered ?? null,
      restart: work.restart ?? [],
    },
    unreached: unreached ?? unreachedWhenEntered(state),
    notes: notes.map(({ atMs, by, text }) => ({ at: isoTime(atMs), by, text })),
  };
}

function recordJson(record: StageRecord | undefined): Record<string, unknown> {
  if (record === undefined) return {};
  const { outcome, changeId, inForceAtMs, soakFromMs, endedAtMs, proof, judged, isForced, flags, unreached } = record;
  return {
    outcome,
    changeId,
    inForceAt: isoTime(inForceAtMs),
    soakFrom: isoTime(soakFromMs),
    endedAt: isoTime(endedAtMs),
    proof,
    isForced,
    judged: judged && { at: isoTime(judged.atMs), ...reportJson(judged) },
    flagsBefore: flags,
    unreached: unreached ?? [],
  };
}

/** What gates said, every number with it. */
export function reportJson({ verdict, readings, windowMs, doubts }: GateReport): Record<string, unknown> {
  return { verdict, windowSeconds: windowMs / 1000, readings, doubts };
}

export function soakJson(state: RolloutState, nowMs: number): Record<string, unknown> {
  const left = soakLeftMs(state, nowMs);
  return { soakLeftSeconds: left / 1000, soakSeconds: currentStage(state).soakMs / 1000 };
}
