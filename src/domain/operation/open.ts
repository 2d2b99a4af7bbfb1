import type { Incident } from '../incident/incident.js';
import type { Panic } from '../panic/panics.js';
import { declaredElsewhere, restoreCommand } from '../panic/way-back.js';
import { passingBy } from '../rollout/actions.js';
import { currentStage, isOver, type RolloutState } from '../rollout/state.js';
import { nextStep, type RunJournal } from '../runbook/journal.js';
import { onOther, type Reach } from './origin.js';
import type { OperationKind } from './reference.js';

/** Something that somebody began and nobody has ended. */
export interface OpenOperation {
  readonly kind: OperationKind;
  readonly id: string;
  /** What it is, as it was typed or titled: `bucket financial`, `Search is slow`. */
  readonly what: string;
  /** How it stands: `open`, `watching, driven by alice@host`. */
  readonly state: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  readonly by: string;
  /** The commands that go on with it, or take it back, the first one first to think of. */
  readonly commands: readonly string[];
}

/** A panic that is known to be open, with the command of the environment that can restore it. */
export function openPanicOperation(panic: Panic, reach: Reach): OpenOperation {
  const { id, command, atMs, actor } = panic;
  const what = command.replace(/^panic /, '');
  const elsewhere = declaredElsewhere(panic, reach);
  const state = elsewhere === null ? 'open' : `open, declared on ${elsewhere.environment}${onOther(elsewhere, reach)}`;
  return { kind: 'panic', id, what, state, sinceMs: atMs, by: actor, commands: [restoreCommand(panic, reach)] };
}

/** An incident that has no end yet. */
export function openIncidentOperation({ id, title, start, startedBy }: Incident): OpenOperation {
  const commands = ['rlctl incident status', 'rlctl incident end'];
  return { kind: 'incident', id, what: title, state: 'open', sinceMs: start.atMs, by: startedBy, commands };
}

/**
 * `holder`: who drives it now; `null`: nobody. `null` where the rollout is over; one that was aborted is not, as long as the
 * stages before are in force.
 */
export function openRolloutOperation(state: RolloutState, holder: string | null): OpenOperation | null {
  if (isOver(state)) return standingOperation(state, holder);
  const { id, phase, plan, stage, startedAtMs, startedBy } = state;
  const driver =
    holder === null ? (phase === 'passed' || phase === 'paused' ? '' : ', nobody drives it') : `, driven by ${holder}`;
  const on = holder !== null ? 'status -w' : phase === 'passed' ? 'promote' : 'resume';
  const isWayBack = ['watching', 'passed', 'paused', 'changing'].includes(phase);
  return {
    kind: 'rollout',
    id,
    what: `stage ${stage + 1} of ${plan.stages.length}, ${currentStage(state).name}`,
    state: `${phase}${driver}`,
    sinceMs: startedAtMs,
    by: startedBy,
    commands: passingByAll([`rlctl rollout ${on}`, ...(isWayBack ? ['rlctl rollout abort'] : [])], holder),
  };
}

/** An aborted rollout that left something in force; `null`: nothing of it, or all of it as it was meant. */
function standingOperation(state: RolloutState, holder: string | null): OpenOperation | null {
  const { id, phase, plan, stage, stages, startedAtMs, startedBy } = state;
  const names = plan.stages.filter((_, index) => stages[index]?.outcome === 'passed').map(({ name }) => name);
  if (phase !== 'aborted' || names.length === 0) return null;
  return {
    kind: 'rollout',
    id,
    what: `stage ${stage + 1} of ${plan.stages.length}, ${currentStage(state).name}`,
    state: `aborted, still in force: ${names.join(', ')}`,
    sinceMs: startedAtMs,
    by: startedBy,
    commands: passingByAll(['rlctl rollout promote', 'rlctl rollout undo'], holder),
  };
}

function passingByAll(commands: readonly string[], holder: string | null): readonly string[] {
  return commands.map((command) => passingBy(command, holder !== null));
}

/** A run that stopped, and that nobody went on with for so long, is left for good. */
const leftMs = 24 * 60 * 60_000;

/** `holder`: who drives it now; `null`: nobody. `null` where the run has ended, or was left long ago. */
export function openRunOperation(run: RunJournal, holder: string | null, nowMs: number): OpenOperation | null {
  const { id, runbook, state, startedAtMs, actor, events } = run;
  const lastMs = events.at(-1)?.atMs ?? startedAtMs;
  if (state === 'done' || state === 'undone' || (state === 'stopped' && nowMs - lastMs > leftMs)) return null;
  const step = nextStep(run)?.id;
  const standing = state === 'running' ? (holder === null ? 'cut off' : `driven by ${holder}`) : state;
  return {
    kind: 'runbook',
    id,
    what: runbook,
    state: `${standing}${step === undefined ? '' : ` at ${step}`}`,
    sinceMs: startedAtMs,
    by: actor,
    commands:
      holder === null
        ? [`rlctl runbook resume ${id}`, `rlctl runbook resume ${id} --undo`]
        : [`rlctl runbook log ${id}`],
  };
}
