import { counted } from '../domain/counted.js';
import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import type { RunJournal, StepRecord } from '../domain/runbook/journal.js';
import { tookText } from '../domain/runbook/outcome.js';
import type { ResolvedStep } from '../domain/runbook/resolve.js';
import { givenNames } from '../domain/runbook/runbook.js';
import type { RunEnd, RunMoment } from '../procedures/runbook/drive.js';
import type { ListedRun } from '../procedures/runbook/runs.js';
import { resolvedText } from './act-text.js';
import { renderTable } from './table.js';
import { term, termLines } from './term.js';
import type { Theme } from './theme.js';
import { isoTime, relativeTime } from './time.js';
import type { View } from './view.js';

const stateWords: Readonly<Record<StepRecord['state'], string>> = {
  pending: 'not yet',
  started: 'begun',
  done: 'done',
  noEffect: 'NO EFFECT',
  failed: 'FAILED',
  skipped: 'left out',
  undoing: 'being taken back',
  undone: 'taken back',
};

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
      if (record.state === 'skipped') return `${head}: ${term(record.said ?? 'left out')}`;
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
function saidLines(record: StepRecord, step?: ResolvedStep): readonly string[] {
  const { said } = record;
  const above = isBack(record) ? step?.undo : step?.action;
  if (above?.kind === 'manual' && above.text === said) return [];
  return termLines(said ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `      ${line}`);
}

function markOf({ state }: Pick<StepRecord, 'state'>, theme: Theme): string {
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

function stepJson(record: StepRecord, step: ResolvedStep | undefined, environment: Environment) {
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
  const hint = nextWord(journal, stoppedAt !== null, canGoBack, environment);
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
  const done = journal.steps.filter(({ state }) => ['done', 'noEffect'].includes(state)).length;
  const left = journal.steps.filter(({ state }) => ['pending', 'started', 'failed', 'undoing'].includes(state)).length;
  const words =
    journal.state === 'undone'
      ? theme.good('taken back')
      : isStopped
        ? theme.bad(`stopped, ${counted(left, 'step')} left`)
        : theme.good('to its end');
  return `run ${theme.bold(term(journal.id))} of ${term(journal.runbook)}: ${words}${journal.state === 'undone' ? '' : ` (${counted(done, 'step')} done)`}`;
}

/** What can be done with a run next. */
function nextWord(
  { id, state, steps }: RunJournal,
  isStopped: boolean,
  canGoBack: boolean,
  environment: Environment,
): string {
  // What is being taken back is not gone on with.
  const isBack = steps.some(({ state: each }) => each === 'undoing');
  const back =
    canGoBack && !isBack && state !== 'undone' ? [`take it back with: rlctl runbook resume ${id} --undo`] : [];
  const on = isStopped ? [`go on with: rlctl runbook resume ${id}${isBack ? ' --undo' : ''}`] : [];
  const words = [...on, ...back];
  return addressed(
    words.length === 0 ? `see what it did with: rlctl runbook log ${id}` : words.join('; or '),
    environment.address,
  );
}

/** What was given to the run, without what every run has. */
function ownInputs({ inputs }: RunJournal): RunJournal['inputs'] {
  return inputs.filter(([name]) => givenNames.every((given) => given !== name));
}

export function runListView(runs: readonly ListedRun[], environment: Environment, nowMs: number): View {
  const items = runs.map(({ journal, lease }) => ({
    run: journal.id,
    runbook: journal.runbook,
    state: journal.state,
    isCutOff: isCutOff(journal.state, lease !== null),
    environment: journal.environment,
    actor: journal.actor,
    startedAt: isoTime(journal.startedAtMs),
    steps: journal.steps.length,
    done: journal.steps.filter(({ state }) => ['done', 'noEffect', 'skipped'].includes(state)).length,
    drivenBy: lease?.holder ?? null,
  }));
  return {
    kind: 'RunbookRuns',
    data: { environment: environment.name, runs: items },
    items,
    human: async (theme) => {
      if (items.length === 0) return 'no run of a runbook is known';
      const columns = ['RUN', 'RUNBOOK', 'STATE', 'STEPS', 'STARTED', 'BY'].map((title) => ({ title }));
      const rows = items.map((each, index) => [
        theme.bold(term(each.run)),
        term(each.runbook),
        stateText(each.state, each.drivenBy !== null, theme),
        each.state === 'undone' ? 'none' : `${each.done}/${each.steps}`,
        relativeTime(runs[index]?.journal.startedAtMs ?? nowMs, nowMs),
        term(each.drivenBy ?? each.actor),
      ]);
      return renderTable(columns, rows, theme);
    },
  };
}

/** A run that nobody drives does not run, whatever its journal says. */
function isCutOff(state: RunJournal['state'], isDriven: boolean): boolean {
  return state === 'running' && !isDriven;
}

function stateText(state: RunJournal['state'], isDriven: boolean, theme: Theme): string {
  if (isCutOff(state, isDriven)) return theme.warn('cut off');
  return state === 'done' || state === 'undone' ? theme.good(state) : theme.warn(state);
}

/** One run: its steps, and everything that happened. */
export function runLogView(
  { journal, lease }: ListedRun,
  steps: readonly ResolvedStep[],
  environment: Environment,
): View {
  const of = (id: string): ResolvedStep | undefined => steps.find(({ step }) => step.id === id);
  const events = journal.events.map(({ atMs, by, step, what }) => ({ time: isoTime(atMs), by, step, what }));
  return {
    kind: 'RunbookLog',
    data: {
      environment: journal.environment,
      run: journal.id,
      runbook: journal.runbook,
      state: journal.state,
      isCutOff: isCutOff(journal.state, lease !== null),
      actor: journal.actor,
      reason: journal.reason,
      ticket: journal.ticket,
      startedAt: isoTime(journal.startedAtMs),
      inputs: Object.fromEntries(ownInputs(journal)),
      drivenBy: lease?.holder ?? null,
      drivenUntil: isoTime(lease?.untilMs),
      steps: journal.steps.map((record) => stepJson(record, of(record.id), environment)),
      events,
    },
    items: events,
    human: (theme) => {
      const inputs = ownInputs(journal)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');
      const driver = lease === null ? [] : [`driven by ${term(lease.holder)} until ${isoTime(lease.untilMs) ?? ''}`];
      return [
        `run ${theme.bold(term(journal.id))} of ${term(journal.runbook)} on ${term(journal.environment)}: ${stateText(journal.state, lease !== null, theme)}`,
        `${term(journal.actor)}${journal.reason === null ? '' : `: ${term(journal.reason)}`}${inputs === '' ? '' : `  ${theme.dim(term(inputs))}`}`,
        ...driver,
        ...journal.steps.flatMap((record) => logLines(record, of(record.id), theme)),
        '',
        ...events.map(({ time, by, step, what }) =>
          theme.dim(`${time ?? ''}  ${term(step ?? 'run')} ${term(what)}  ${term(by)}`),
        ),
      ].join('\n');
    },
  };
}

function logLines(record: StepRecord, step: ResolvedStep | undefined, theme: Theme): readonly string[] {
  const took = tookText(record.startedAtMs, record.endedAtMs);
  const state = `${stateWords[record.state]}${took === '' ? '' : ` in ${took}`}`;
  return [
    `${markOf(record, theme)} ${theme.bold(term(record.id))}  ${term(step?.step.title ?? '')}  ${theme.dim(state)}`,
    ...saidLines(record).map((line) => line.slice(2)),
  ];
}
