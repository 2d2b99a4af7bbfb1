import { counted } from '../domain/counted.js';
import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { leftAsItIs, resumeCommand } from '../domain/runbook/resume-command.js';
import { failedAndLeftOut, type RunJournal, type StepRecord } from '../domain/runbook/journal.js';
import type { ResolvedStep } from '../domain/runbook/resolve.js';
import { givenNames } from '../domain/runbook/runbook.js';
import type { RunEnd, RunMoment } from '../procedures/runbook/drive.js';
import { resolvedText } from './act-text.js';
import { term, termLines } from './term.js';
import type { Theme } from './theme.js';
import { isoTime } from './time.js';
import type { View } from './view.js';

/** One step as it has just ended, for people who watch a run. */
export function momentView(
  { step, record, aside }: Extract<RunMoment, { kind: 'ended' }>,
  of: readonly ResolvedStep[],
  environment: Environment,
): View {
  const number = of.findIndex((each) => each.step.id === step.step.id) + 1;
  return {
    kind: 'RunbookStep',
    data: { environment: environment.name, ...stepJson(record, step, environment) },
    human: (theme) => {
      const head = `[${number}/${of.length}] ${markOf(record, theme)} ${theme.bold(term(step.step.id))}  ${term(step.step.title)}`;
      if (record.state === 'skipped') {
        const [first = 'left out', ...more] = saidLines(record, step).map((line) => line.trim());
        return more.length === 0 ? `${head}: ${first}` : [head, ...saidLines(record, step)].join('\n');
      }
      const state = record.state === 'noEffect' ? [`      ${theme.warn('NO EFFECT on this server')}`] : [];
      return [
        head,
        `      ${theme.dim(term(isBack(record) ? backText(step, environment) : commandText(step, environment)))}`,
        ...state,
        ...saidLines(record, step),
        ...(aside === undefined ? [] : [`      ${term(aside)}`]),
      ].join('\n');
    },
  };
}

/** What is said of a step, unless it is what stands above it already. */
export function saidLines(record: StepRecord, step?: ResolvedStep): readonly string[] {
  const { said } = record;
  const above = isBack(record) ? step?.undo : step?.action;
  if (above?.kind === 'manual' && above.text === said) return [];
  return termLines(said ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `      ${line}`);
}

/** The sign before a step, by how it stands. */
export function markOf({ state }: Pick<StepRecord, 'state'>, theme: Theme): string {
  const marks: Readonly<Record<StepRecord['state'], string>> = {
    pending: theme.dim('·'),
    started: theme.warn('…'),
    done: theme.good('✓'),
    noEffect: theme.warn('!'),
    failed: theme.bad('✗'),
    skipped: theme.dim('-'),
    undoing: theme.warn('…'),
    undone: theme.good('↺'),
  };
  return marks[state];
}

/** What a step is, not what is to be pasted: the run carries what is wanted of it. */
function commandText({ action }: Pick<ResolvedStep, 'action'>, { address, api }: Environment): string {
  return addressed(resolvedText(action, api[0] ?? ''), { ...address, wants: null });
}

function isBack({ state }: StepRecord): boolean {
  return state === 'undone' || state === 'undoing';
}

/** How a step is taken back: by its own way back, or by what the history holds of it. */
function backText(step: ResolvedStep, environment: Environment): string {
  const { undo } = step;
  if (undo !== null) return commandText({ action: undo }, environment);
  return `taking back: ${commandText(step, environment)}`;
}

/** A step for programs; `step`: absent where its runbook cannot be read any more. */
export function stepJson(record: StepRecord, step: ResolvedStep | undefined, environment: Environment) {
  return {
    id: record.id,
    title: step?.step.title ?? null,
    state: record.state,
    command: step === undefined ? null : commandText(step, environment),
    said: record.said,
    exitCode: record.exitCode,
    changeId: record.changeId,
    startedAt: isoTime(record.startedAtMs),
    endedAt: isoTime(record.endedAtMs),
  };
}

/** A run as far as it came. */
export function runEndView(
  { journal, stoppedAt }: RunEnd,
  steps: readonly ResolvedStep[],
  environment: Environment,
  canGoBack: boolean,
): View {
  const of = (id: string): ResolvedStep | undefined => steps.find(({ step }) => step.id === id);
  const idle = journal.state === 'undone' ? [] : journal.steps.filter(({ state }) => state === 'noEffect');
  const withoutEffect = idle.map(({ id }) => id);
  const hint = nextWord(journal, stoppedAt, canGoBack, environment);
  const json = journal.steps.map((record) => stepJson(record, of(record.id), environment));
  return {
    kind: 'RunbookRun',
    data: {
      environment: environment.name,
      run: journal.id,
      runbook: journal.runbook,
      state: journal.state,
      inputs: Object.fromEntries(ownInputs(journal)),
      steps: json,
      withoutEffect,
      failedAndLeftOut: failedAndLeftOut(journal),
      stoppedAt:
        stoppedAt === null
          ? null
          : {
              step: stoppedAt.step.step.id,
              why: stoppedAt.outcome.kind,
              message: addressed(stoppedAt.outcome.text, environment.address),
              hint: stoppedAt.outcome.hint && addressed(stoppedAt.outcome.hint, environment.address),
            },
      hint,
    },
    items: json,
    human: (theme) =>
      [
        summaryLine(journal, stoppedAt !== null, theme),
        ...(withoutEffect.length === 0
          ? []
          : [theme.warn(`without effect on this server: ${term(withoutEffect.join(', '))}`)]),
        ...(stoppedAt?.outcome.hint
          ? [`${theme.accent('hint:')} ${term(addressed(stoppedAt.outcome.hint, environment.address))}`]
          : []),
        `${theme.accent('next:')} ${term(hint)}`,
      ].join('\n'),
  };
}

function summaryLine(journal: RunJournal, isStopped: boolean, theme: Theme): string {
  const left = journal.steps.filter(({ state }) => ['pending', 'started', 'failed', 'undoing'].includes(state)).length;
  const failed = failedAndLeftOut(journal);
  const words =
    journal.state === 'undone'
      ? theme.good('taken back')
      : isStopped
        ? theme.bad(`stopped, ${counted(left, 'step')} left`)
        : (failed.length === 0 ? theme.good : theme.warn)('to its end');
  const came = journal.state === 'undone' ? '' : ` (${stepsText(journal, failed)})`;
  return `run ${theme.bold(term(journal.id))} of ${term(journal.runbook)}: ${words}${came}`;
}

/** What the steps came to, without those still to come. `leftOut`: those that had failed when they were left out. */
function stepsText({ steps }: RunJournal, leftOut: readonly string[]): string {
  const numberOf = (...wanted: readonly StepRecord['state'][]): number =>
    steps.filter(({ id, state }) => wanted.includes(state) && !leftOut.includes(id)).length;
  const others = (['skipped', 'failed'] as const).flatMap((state) => {
    const number = numberOf(state);
    return number === 0 ? [] : [`${number} ${state}`];
  });
  const without = leftOut.length === 0 ? [] : [`failed and left out: ${term(leftOut.join(', '))}`];
  return [`${counted(numberOf('done', 'noEffect'), 'step')} done`, ...others, ...without].join(', ');
}

/** What can be done with a run next. */
function nextWord(
  { id, state, steps }: RunJournal,
  stoppedAt: RunEnd['stoppedAt'],
  canGoBack: boolean,
  environment: Environment,
): string {
  // What is being taken back is not gone on with.
  const isBack = steps.some(({ state: each }) => each === 'undoing');
  const back =
    canGoBack && !isBack && state !== 'undone' ? [`take it back with: rlctl runbook resume ${id} --undo`] : [];
  const on = stoppedAt === null ? [] : waysOn(id, stoppedAt, isBack);
  const words = [...on, ...back];
  return addressed(
    words.length === 0 ? `see what it did with: rlctl runbook log ${id}` : words.join('; or '),
    environment.address,
  );
}

/**
 * A check before a step that does not hold, and a step that cannot be taken back, stop the run each time: what goes past it
 * is named as well.
 */
function waysOn(
  id: string,
  { step, outcome }: NonNullable<RunEnd['stoppedAt']>,
  isTakingBack: boolean,
): readonly string[] {
  const resume = resumeCommand(id, { isTakingBack });
  if (isTakingBack) return [`when that is settled, go on with: ${resume}`, leftAsItIs(id, step.step.id)];
  if (outcome.isBefore !== true) return [`go on with: ${resume}`];
  return [
    `where that holds by then, go on with: ${resume}`,
    `leave this step out with: ${resume} --skip ${step.step.id}`,
    `end the run as it stands with: ${resume} --skip-rest`,
  ];
}

/** What was given to the run, without what every run has. */
export function ownInputs({ inputs }: RunJournal): RunJournal['inputs'] {
  return inputs.filter(([name]) => givenNames.every((given) => given !== name));
}
