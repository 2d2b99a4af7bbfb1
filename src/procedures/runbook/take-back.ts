import {
  isNotDoneYet,
  withState,
  withStep,
  stepsToUndo,
  type RunJournal,
  type StepRecord,
} from '../../domain/runbook/journal.js';
import type { ActOutcome, CommandEnd } from '../../domain/runbook/outcome.js';
import { readEnd } from '../../domain/runbook/outcome.js';
import type { ResolvedAct, ResolvedStep } from '../../domain/runbook/resolve.js';
import { stepCommandOf } from '../../domain/runbook/step-command.js';
import { perform, type ActPorts, type StepAs } from './acts.js';
import type { OnRun, RunChoices, RunEnd, RunPorts } from './drive.js';

export interface TakeBackPorts extends RunPorts {
  /** Takes back, as one change of this id, what a step changed in the override document. */
  undoChanges(step: string, undoId: string): Promise<CommandEnd>;
}

/**
 * Takes back what a run did, the last step first: by the step's own way back, or its changes of overrides from the history.
 * Stops at the first that cannot be taken back; a later call goes on there.
 */
export async function takeBack(
  ports: TakeBackPorts,
  start: RunJournal,
  steps: readonly ResolvedStep[],
  choices: RunChoices,
  onRun: OnRun,
): Promise<RunEnd> {
  let journal = start;
  for (const record of stepsToUndo(start)) {
    const step = steps.find((each) => each.step.id === record.id);
    if (step === undefined || !hasWayBack(step)) continue;
    if (ports.interrupted.aborted) throw ports.interrupted.reason;
    const save = async (patch: Partial<StepRecord>, what: string): Promise<void> => {
      const event = { atMs: ports.clock.nowMs(), by: ports.by, what };
      journal = await ports.keeper.save(withStep(journal, record.id, patch, event));
    };
    const left = whyLeft(ports.by, start, step, choices);
    if (left !== null) {
      await save({ state: 'skipped', said: left }, 'skipped');
      const skipped = journal.steps.find(({ id }) => id === record.id) ?? record;
      await onRun({ kind: 'ended', step, record: skipped });
      continue;
    }
    await onRun({ kind: 'begins', step });
    const isResumed = record.state === 'undoing';
    if (!isResumed) await save({ state: 'undoing' }, 'undoing');
    const outcome = await undoStep(ports, record, step, choices);
    const state = outcome.kind === 'waits' ? 'undoing' : outcome.kind === 'bad' ? 'undoing' : 'undone';
    await save({ state, said: outcome.text, exitCode: outcome.exitCode }, state);
    const after = journal.steps.find(({ id }) => id === record.id) ?? record;
    await onRun({ kind: 'ended', step, record: after });
    if (outcome.kind !== 'bad' && outcome.kind !== 'waits') continue;
    const stopped = outcome.kind === 'waits' ? 'waiting' : 'stopped';
    const event = { atMs: ports.clock.nowMs(), by: ports.by, step: record.id, what: stopped };
    journal = await ports.keeper.save(withState(journal, stopped, event));
    return { journal, stoppedAt: { step, outcome } };
  }
  const event = { atMs: ports.clock.nowMs(), by: ports.by, step: null, what: 'undone' };
  journal = await ports.keeper.save(withState(journal, 'undone', event));
  return { journal, stoppedAt: null };
}

/** Why a step is not taken back, in a sentence; `null`: it is. */
export function whyLeft(
  by: string,
  journal: RunJournal,
  { step: { id }, action }: ResolvedStep,
  { skip, done }: RunChoices,
): string | null {
  if (skip.has(id)) return `left as it is, as ${by} said`;
  if (action.kind !== 'manual' || done.has(id) || !isNotDoneYet(journal, id)) return null;
  return 'nobody said that it was done: there is nothing to take back';
}

/** True of a step that can have done something which can be taken back. */
export function hasWayBack({ step, undo, action }: ResolvedStep): boolean {
  if (undo !== null) return true;
  if (step.isNothingToUndo) return false;
  return action.kind === 'rlctl' && stepCommandOf(action.argv).wayBack === 'kept';
}

async function undoStep(
  ports: TakeBackPorts,
  record: StepRecord,
  { undo }: ResolvedStep,
  choices: RunChoices,
): Promise<ActOutcome> {
  if (undo !== null) {
    if (choices.done.has(record.id))
      return { kind: 'good', text: `taken back, as ${ports.by} said`, hint: null, exitCode: 0 };
    return withNothingLeft(ports.acts, undo, { step: record.id, changeId: record.undoId });
  }
  const end = await ports.undoChanges(record.id, record.undoId);
  if (isNothingLeft(end)) return nothingLeft;
  return readEnd({ argv: ['override', 'undo'], exits: [0], fields: [] }, end);
}

const nothingLeft: ActOutcome = { kind: 'good', text: 'no change of it stands any more', hint: null, exitCode: 0 };

/** Somebody took it back before, or there was nothing to begin with. */
function isNothingLeft({ error }: CommandEnd): boolean {
  return ['NOTHING_TO_UNDO', 'NO_PANIC', 'NO_ROLLOUT', 'ROLLOUT_UNDONE'].includes(error?.code ?? '');
}

async function withNothingLeft(acts: ActPorts, undo: ResolvedAct, as: StepAs): Promise<ActOutcome> {
  const seen = { isNothingLeft: false };
  const watching: ActPorts = {
    ...acts,
    invoke: async (...asked) => {
      const end = await acts.invoke(...asked);
      seen.isNothingLeft = isNothingLeft(end);
      return end;
    },
  };
  const outcome = await perform(watching, undo, as);
  return seen.isNothingLeft ? nothingLeft : outcome;
}
