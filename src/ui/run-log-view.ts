import type { Environment } from '../domain/config/environment.js';
import { failedAndLeftOut, type RunJournal, type StepRecord } from '../domain/runbook/journal.js';
import { tookText } from '../domain/runbook/outcome.js';
import type { ResolvedStep } from '../domain/runbook/resolve.js';
import type { ListedRun } from '../procedures/runbook/runs.js';
import { markOf, ownInputs, saidLines, stepJson } from './run-view.js';
import { renderTable } from './table.js';
import { term } from './term.js';
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

/** The runs that are known, newest first, each with how far it came. */
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
    done:
      journal.steps.filter(({ state }) => ['done', 'noEffect', 'skipped'].includes(state)).length -
      failedAndLeftOut(journal).length,
    failedAndLeftOut: failedAndLeftOut(journal),
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
        each.state === 'undone'
          ? 'none'
          : `${each.done}/${each.steps}${failedText(each.failedAndLeftOut.length, theme)}`,
        relativeTime(runs[index]?.journal.startedAtMs ?? nowMs, nowMs),
        term(each.drivenBy ?? each.actor),
      ]);
      return renderTable(columns, rows, theme);
    },
  };
}

function failedText(count: number, theme: Theme): string {
  return count === 0 ? '' : theme.warn(`, ${count} failed and left out`);
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
  const failed = new Set(failedAndLeftOut(journal));
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
      failedAndLeftOut: failedAndLeftOut(journal),
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
        ...journal.steps.flatMap((record) => logLines(record, of(record.id), theme, failed.has(record.id))),
        '',
        ...events.map(({ time, by, step, what }) =>
          theme.dim(`${time ?? ''}  ${term(step ?? 'run')} ${term(what)}  ${term(by)}`),
        ),
      ].join('\n');
    },
  };
}

function logLines(
  record: StepRecord,
  step: ResolvedStep | undefined,
  theme: Theme,
  isFailed: boolean,
): readonly string[] {
  // The time until somebody left it out is not what it took.
  const took = isFailed ? '' : tookText(record.startedAtMs, record.endedAtMs);
  const state = `${isFailed ? `${stateWords.failed}, ` : ''}${stateWords[record.state]}${took === '' ? '' : ` in ${took}`}`;
  return [
    `${markOf({ state: isFailed ? 'failed' : record.state }, theme)} ${theme.bold(term(record.id))}  ${term(step?.step.title ?? '')}  ${theme.dim(state)}`,
    ...saidLines(record).map((line) => line.slice(2)),
  ];
}
