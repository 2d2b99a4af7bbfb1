import { RlctlError } from '../../domain/errors.js';
import {
  nextStep,
  stateAfter,
  withState,
  withStep,
  type RunEvent,
  type RunJournal,
  type StepRecord,
} from '../../domain/runbook/journal.js';
import { lookBefore } from '../../domain/runbook/look.js';
import { afterChecks, type ActOutcome } from '../../domain/runbook/outcome.js';
import type { ResolvedStep } from '../../domain/runbook/resolve.js';
import { shellWords } from '../../domain/shell-words.js';
import type { Clock } from '../../ports/clock.js';
import { isInterrupt, perform, pinned, pinOf, type ActPorts } from './acts.js';
import type { JournalKeeper } from './keeper.js';

export interface RunPorts {
  readonly keeper: JournalKeeper;
  readonly acts: ActPorts;
  readonly clock: Clock;
  /** Who drives. */
  readonly by: string;
  /** Aborts at the first Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** What somebody says of steps that nobody can tell about. */
export interface RunChoices {
  /** Steps that are done, whatever the journal says. */
  readonly done: ReadonlySet<string>;
  /** Steps to do once more. */
  readonly again: ReadonlySet<string>;
  /** Steps to leave out. */
  readonly skip: ReadonlySet<string>;
}

/** What is told while a run goes on. */
export type OnRun = (moment: RunMoment) => Promise<void>;
export type RunMoment =
  | { readonly kind: 'begins'; readonly step: ResolvedStep }
  | {
      readonly kind: 'ended';
      readonly step: ResolvedStep;
      readonly record: StepRecord;
      /** What is shown and not kept; absent: nothing. */
      readonly aside?: string;
    };

/** How far a run came. */
export interface RunEnd {
  readonly journal: RunJournal;
  /** What stopped it, at which step; `null`: it came to its end. */
  readonly stoppedAt: { readonly step: ResolvedStep; readonly outcome: ActOutcome } | null;
}

/**
 * Goes through the steps that are left. Before each one the journal says that it is begun, after it what became of it, in
 * Redis and on disk: whoever comes later goes on at the right one. Throws where the journal cannot be written or somebody
 * stops it; what is begun then stays begun.
 */
export async function driveRun(
  ports: RunPorts,
  start: RunJournal,
  steps: readonly ResolvedStep[],
  choices: RunChoices,
  onRun: OnRun,
): Promise<RunEnd> {
  let journal = start;
  for (;;) {
    const record = nextStep(journal);
    const step = steps.find((each) => each.step.id === record?.id);
    if (record === null || step === undefined) {
      journal = await ports.keeper.save(withState(journal, 'done', event(ports, null, 'done')));
      return { journal, stoppedAt: null };
    }
    if (ports.interrupted.aborted) throw ports.interrupted.reason;
    const pin = record.state === 'pending' ? (lookBefore(journal, steps, step)?.pin ?? null) : null;
    const taken = await takeStep(ports, journal, { ...record, pin: record.pin ?? pin }, step, choices, onRun);
    journal = taken.journal;
    const { outcome } = taken;
    const after = journal.steps.find(({ id }) => id === record.id) ?? record;
    const { aside } = outcome;
    await onRun({ kind: 'ended', step, record: after, ...(aside === undefined ? {} : { aside }) });
    const isOver = outcome.kind === 'bad' || outcome.kind === 'waits';
    const isStopped = isOver || (outcome.kind === 'noEffect' && step.step.ifNoEffect === 'stop');
    if (!isStopped) continue;
    const state = outcome.kind === 'waits' ? 'waiting' : 'stopped';
    journal = await ports.keeper.save(withState(journal, state, event(ports, record.id, state)));
    return { journal, stoppedAt: { step, outcome } };
  }
}

interface Taken {
  readonly journal: RunJournal;
  readonly outcome: ActOutcome;
}

async function takeStep(
  ports: RunPorts,
  journal: RunJournal,
  record: StepRecord,
  step: ResolvedStep,
  choices: RunChoices,
  onRun: OnRun,
): Promise<Taken> {
  const { id } = record;
  if (choices.skip.has(id)) return ended(ports, journal, record, 'skipped', leftOut(record));
  const isNeeded = (each: string): boolean => journal.steps.some((one) => one.id === each && one.state === 'noEffect');
  if (step.step.onlyIfNoEffect.length > 0 && !step.step.onlyIfNoEffect.some(isNeeded))
    return ended(ports, journal, record, 'skipped', good('not needed'));
  await onRun({ kind: 'begins', step });
  const begun = await begin(ports, journal, record, step);
  if ('outcome' in begun) return begun;
  const outcome = await act(ports, begun.record, step, {
    isResumed: record.state === 'started',
    isDone: choices.done.has(id),
    isAgain: choices.again.has(id),
  });
  return ended(ports, begun.journal, begun.record, stateAfter(outcome), outcome);
}

const before = { kind: 'bad', isBefore: true } as const;

/** Looks at what must hold before, and writes down that the step is begun. A step that was begun is not looked at anew. */
async function begin(
  ports: RunPorts,
  journal: RunJournal,
  record: StepRecord,
  step: ResolvedStep,
): Promise<Taken | { readonly journal: RunJournal; readonly record: StepRecord }> {
  if (record.state === 'started') return { journal, record };
  const as = { step: record.id, changeId: null };
  for (const check of step.precheck) {
    const outcome = await perform(ports.acts, check, as);
    if (outcome.kind !== 'good')
      return ended(ports, journal, record, 'failed', { ...outcome, ...before, text: `before it: ${outcome.text}` });
  }
  const pin = record.pin ?? (await pinOf(ports.acts, step.action, record.id));
  const patch = { state: 'started', pin, startedAtMs: ports.clock.nowMs(), endedAtMs: null } as const;
  const next = withStep(journal, record.id, patch, happened(ports, 'started'));
  return { journal: await ports.keeper.save(next), record: { ...record, ...patch } };
}

interface Resumption {
  readonly isResumed: boolean;
  readonly isDone: boolean;
  readonly isAgain: boolean;
}

async function act(
  ports: RunPorts,
  record: StepRecord,
  step: ResolvedStep,
  { isResumed, isDone, isAgain }: Resumption,
): Promise<ActOutcome> {
  const { action } = step;
  const isOnce = action.kind === 'manual' || (action.kind === 'exec' && !action.isRepeatable);
  const as = { step: record.id, changeId: record.changeId };
  const outcome =
    isDone && isOnce
      ? good(`done, as ${ports.by} said`)
      : isOnce && isResumed && !isAgain
        ? await askAbout(ports, step)
        : await perform(ports.acts, pinned(action, record.pin), as);
  // A second time only by somebody who has looked what the first had done.
  if (isOnce && outcome.isCutShort === true) return { ...outcome, kind: 'waits' };
  const settled = isResumed ? afterBeingCut(record, outcome) : outcome;
  if (settled.kind !== 'good' && settled.kind !== 'noEffect') return settled;
  const checks: ActOutcome[] = [];
  for (const check of step.postcheck) checks.push(await perform(ports.acts, check, { ...as, changeId: null }));
  return afterChecks(settled, checks);
}

/** What was held to one value, and does not find it any more after it was cut off, had done its work. */
function afterBeingCut({ pin }: StepRecord, outcome: ActOutcome): ActOutcome {
  if (pin === null || outcome.exitCode !== 5) return outcome;
  return good('what was to be removed is gone');
}

/** A step by hand, or a program that must not run twice, was begun and nobody wrote down its end. */
async function askAbout(ports: RunPorts, { action }: ResolvedStep): Promise<ActOutcome> {
  if (action.kind !== 'manual' && action.kind !== 'exec') throw new TypeError('nobody has to be asked about this');
  const what = action.kind === 'manual' ? action.text : `the program ${shellWords(action.argv)}`;
  const answer = await ports.acts.ask(
    action.kind === 'manual' ? what : `${what} was begun, and its end is not known. Has it done its work?`,
  );
  if (answer === true) return good('done by hand');
  const text = action.kind === 'manual' ? what : `${what} was begun, and its end is not known`;
  return { kind: 'waits', text, hint: null, exitCode: 6 };
}

async function ended(
  ports: RunPorts,
  journal: RunJournal,
  record: StepRecord,
  state: StepRecord['state'],
  outcome: ActOutcome,
): Promise<Taken> {
  const endedAtMs = state === 'started' ? null : ports.clock.nowMs();
  const { text: said, exitCode, seen } = outcome;
  const patch = { state, endedAtMs, said, exitCode, ...(seen === undefined ? {} : { pin: seen }) };
  const what = outcome.kind === 'waits' ? 'waits' : state;
  const next = withStep(journal, record.id, patch, happened(ports, what));
  return { journal: await ports.keeper.save(next), outcome };
}

function good(text: string): ActOutcome {
  return { kind: 'good', text, hint: null, exitCode: 0 };
}

/** Of a step that had failed it goes on being said why. */
function leftOut({ state, said, exitCode }: StepRecord): ActOutcome {
  const left = good('left out, as it was said');
  if (state !== 'failed') return left;
  return { ...left, text: [...(said === null ? [] : [said]), left.text].join('\n'), exitCode: exitCode ?? 0 };
}

function happened({ clock, by }: RunPorts, what: string): Omit<RunEvent, 'step'> {
  return { atMs: clock.nowMs(), by, what };
}

function event(ports: RunPorts, step: string | null, what: string): RunEvent {
  return { ...happened(ports, what), step };
}

/** Writes down that somebody stopped a run; where that cannot be written, the journal says that it is running, which is as good. */
export async function noteInterrupt(ports: RunPorts, error: unknown): Promise<void> {
  if (!(error instanceof RlctlError) || !isInterrupt(error)) return;
  const journal = await ports.keeper.read().catch(() => null);
  if (journal === null) return;
  await ports.keeper.save(withState(journal, 'stopped', event(ports, null, 'interrupted'))).catch(() => undefined);
}
