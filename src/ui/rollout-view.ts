import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import { addressed } from '../domain/printed-command.js';
import { passingBy } from '../domain/rollout/actions.js';
import { stageInWords, type RolloutStage } from '../domain/rollout/plan.js';
import {
  currentRecord,
  currentStage,
  soakLeftMs,
  unreachedWhenEntered,
  type RolloutState,
  type StageRecord,
} from '../domain/rollout/state.js';
import { unreachedText, type Unreached } from '../domain/shadow/unreached.js';
import type { OperationLease } from '../ports/operation-store.js';
import type { Proof } from '../procedures/proof/prove.js';
import type { GatesRead } from '../procedures/rollout/read-gates.js';
import type { KeptRollout } from '../procedures/rollout/session.js';
import { proofText } from './proof-view.js';
import { gatesText } from './rollout-gates-text.js';
import { planJson, reportJson, rolloutJson, soakJson } from './rollout-json.js';
import { forecastText, headlineOf, isUnproven, nextInWords } from './rollout-words.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import { clockTime, isoTime, relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One change of a rollout, which may be several writes. */
export interface RolloutChange {
  /** One for each write that was made, or would be; empty: there was nothing to write. */
  readonly views: readonly View[];
  /** What was seen of each, its commands completed; empty: nothing was made. */
  readonly proofs: readonly Proof[];
}

/** A rollout as it is shown. */
export interface RolloutShown {
  readonly kept: KeptRollout;
  readonly environment: Environment;
  /** What the gates say now; `null`: nobody asked them. */
  readonly gates: GatesRead | null;
  /** Who watches: this command, another one if any, or this one until just now. */
  readonly watch: 'here' | 'elsewhere' | 'given back';
  /** What was changed on the way. */
  readonly changes: readonly RolloutChange[];
  /** How this command ended; `null`: it only looked. */
  readonly end: string | null;
  /** How often it is shown anew; `null`: once. */
  readonly intervalMs: number | null;
  /** Why this is not new; absent or `null`: it is. */
  readonly failure?: string | null;
  /** What the stages that stand do not reach now; absent or `null`: nobody asked, so it is as when they were entered. */
  readonly unreached?: readonly Unreached[] | null;
}

interface Shown extends RolloutShown {
  readonly state: RolloutState;
  readonly nowMs: number;
  readonly theme: Theme;
}

/** One screen: where a rollout stands, what its gates say with their numbers, and what happens next. */
export function rolloutView(shown: RolloutShown): View {
  const { kept, environment, changes } = shown;
  const { state, serverTimeMs: nowMs } = kept;
  return {
    kind: 'Rollout',
    data: {
      environment: environment.name,
      time: isoTime(nowMs),
      rollout: state === null ? null : rolloutJson(state, shown.unreached),
      definition: state === null ? null : planJson(state.plan),
      ...driverJson(shown),
      gates: gatesJson(shown, state, nowMs),
      forecast: shown.gates?.forecast ?? [],
      next: state === null ? [] : nextLines(shown, state),
      end: shown.end,
      changes: changes.flatMap(({ views }) => views.map(({ kind, data }) => ({ kind, ...data }))),
    },
    human: async (theme) => {
      if (state === null) return noneText(shown, theme);
      return rolloutText({ ...shown, state, nowMs, theme });
    },
  };
}

function driverJson({ kept: { lease, lapsed }, watch }: RolloutShown): Record<string, unknown> {
  return {
    driver: lease && { holder: lease.holder, until: isoTime(lease.untilMs) },
    lapsed: lapsed && { holder: lapsed.holder, until: isoTime(lapsed.untilMs) },
    isDrivenHere: watch === 'here',
  };
}

function gatesJson({ gates }: RolloutShown, state: RolloutState | null, nowMs: number): unknown {
  if (gates === null || state === null) return null;
  return { ...reportJson(gates.report), ...soakJson(state, nowMs) };
}

function noneText({ environment }: RolloutShown, theme: Theme): string {
  const start = addressed('see what one would do: rlctl rollout start --dry-run', environment.address);
  return `${theme.bold(term(environment.name))}  no rollout\n${theme.dim(term(start))}`;
}

async function rolloutText(shown: Shown): Promise<string> {
  const { state, nowMs, theme, gates, failure = null } = shown;
  const parts = [
    headText(shown),
    ...(failure === null ? [] : [`${theme.bad('not new:')} ${term(failure)}`]),
    await stagesText(shown),
    ...(await gatesText(state, gates?.report ?? null, nowMs, theme)),
    footText(shown),
    notesText(shown),
    ...(await lastChangeText(shown)),
  ];
  return parts.join('\n\n');
}

/**
 * What was seen of what was done last. Where that is not proven, and something is left to somebody: the whole of it, as any
 * other change shows it.
 */
async function lastChangeText({ state, changes, theme }: Shown): Promise<readonly string[]> {
  const last = changes.at(-1);
  if (last === undefined) return [];
  if (isUnproven(state)) return Promise.all(last.views.map(async (view) => view.human(theme)));
  if (last.proofs.length === 0) return [theme.dim('nothing had to be changed, so nothing was reloaded')];
  // What it does not reach was changed by nobody, and is no part of what was proven.
  const apart = currentRecord(state).unreached ?? [];
  const without =
    apart.length === 0
      ? []
      : [theme.warn(term(`not part of that: ${apart.map(({ prefix }) => JSON.stringify(prefix)).join(', ')}`))];
  return [...last.proofs.map((proof) => proofText(proof, theme)), ...without];
}

function headText(shown: Shown): string {
  const { state, environment, nowMs, theme, intervalMs } = shown;
  const { id, plan, startedAtMs, startedBy, reason, ticket } = state;
  const stage = currentStage(state);
  const why = `${reason === null ? '' : `: ${term(reason)}`}${ticket === null ? '' : ` [${term(ticket)}]`}`;
  const every = intervalMs === null ? '' : theme.dim(`  every ${formatDuration(intervalMs)}, Ctrl-C ends`);
  const where =
    state.phase === 'finished' || state.phase === 'undone' || state.phase === 'undoing'
      ? reachText(state)
      : `stage ${state.stage + 1} of ${plan.stages.length}, ${theme.bold(stage.name)} (${stageInWords(stage)})`;
  return [
    `${theme.bold(term(environment.name))}  rollout ${id}, plan ${term(plan.name)}${every}`,
    theme.dim(`begun ${relativeTime(startedAtMs, nowMs)} by ${term(startedBy)}${why}`),
    '',
    `${headlineText(shown)}  ${where}`,
    ...(shown.unreached ?? unreachedWhenEntered(state)).map(
      (each) => `${theme.warn('!')} ${term(unreachedText(each))}`,
    ),
  ].join('\n');
}

/** How many of the stages it is about: those that were entered, also where they were taken back before. */
function reachText({ stages }: RolloutState): string {
  const entered = stages.filter(({ outcome }) => outcome !== 'waiting').length;
  if (entered < stages.length) return `${entered} of ${stages.length} stages, no more was entered`;
  return stages.length === 1 ? 'its one stage' : `all ${stages.length} stages`;
}

/** What has to be seen first: a gate that fails now is more than that its stage is in force. */
function headlineText({ state, gates, theme }: Shown): string {
  const verdict = gates?.report.verdict;
  if (state.phase === 'watching' && verdict === 'fail') return theme.bad(theme.bold('GATE FAILS'));
  const text = theme.bold(headlineOf(state));
  switch (state.phase) {
    case 'watching':
      return verdict === 'pass' ? theme.good(text) : theme.warn(text);
    case 'passed':
    case 'finished':
      return theme.good(text);
    case 'aborting':
    case 'aborted':
    case 'undoing':
      return theme.bad(text);
    case 'changing':
    case 'paused':
    case 'undone':
      return theme.warn(text);
  }
}

async function stagesText(shown: Shown): Promise<string> {
  const { state, theme } = shown;
  const rows = state.plan.stages.map((stage, index) => {
    const record = state.stages[index];
    if (record === undefined) return [];
    const { mark, text } = stageState(shown, stage, record, index === state.stage);
    return [mark, term(stage.name), term(stageInWords(stage)), text];
  });
  return renderTable(
    [{ title: ' ' }, { title: 'STAGE' }, { title: 'DOES', isFlexible: true }, { title: 'STATE', isFlexible: true }],
    rows,
    theme,
  );
}

function stageState(
  shown: Shown,
  stage: RolloutStage,
  record: StageRecord,
  isCurrent: boolean,
): { readonly mark: string; readonly text: string } {
  const { nowMs, theme } = shown;
  const ended = record.endedAtMs === null ? '' : ` ${relativeTime(record.endedAtMs, nowMs)}`;
  switch (record.outcome) {
    case 'waiting':
      return { mark: theme.dim('·'), text: theme.dim(stage.isAsked ? 'asks first' : 'waits') };
    case 'passed':
      return { mark: theme.good('✓'), text: `passed${ended}${record.isForced ? theme.warn(', forced') : ''}` };
    case 'aborted':
      return { mark: theme.bad('✗'), text: theme.bad(`taken back${ended}`) };
    case 'undone':
      return { mark: theme.dim('↺'), text: `taken back${ended}` };
    case 'entered':
      return { mark: theme.accent('▶'), text: isCurrent ? enteredText(shown) : 'entered' };
  }
}

const barWidth = 10;

function enteredText({ state, nowMs, theme }: Shown): string {
  if (state.phase === 'changing')
    return theme.warn(state.stages[state.stage]?.proof == null ? 'being entered' : 'not proven');
  if (state.phase === 'aborting' || state.phase === 'undoing') return theme.bad('being taken back');
  if (state.phase === 'paused') return theme.warn('paused');
  const { soakMs } = currentStage(state);
  const left = soakLeftMs(state, nowMs);
  if (left === 0) return `stood ${formatDuration(soakMs)}, waits for its gates`;
  const done = soakMs - left;
  const full = Math.min(barWidth, Math.floor((done / soakMs) * barWidth));
  const bar = `${'█'.repeat(full)}${theme.dim('░'.repeat(barWidth - full))}`;
  return `${bar} ${secondsPassed(done)} of ${formatDuration(soakMs)}`;
}

function secondsPassed(ms: number): string {
  return ms < 1000 ? '0s' : formatDuration(Math.floor(ms / 1000) * 1000);
}

function footText(shown: Shown): string {
  const { state, theme, gates } = shown;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['driver', driverLines(shown)],
    ['next', nextLines(shown, state).map(term)],
    ['outlook', (gates?.forecast ?? []).map((each) => term(forecastText(each)))],
    ['back', backLines(shown).map(term)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .flatMap(([label, lines]) =>
      lines.map((line, index) => `${theme.bold((index === 0 ? label : '').padEnd(width))}  ${line}`),
    )
    .join('\n');
}

function nextLines(shown: RolloutShown, state: RolloutState): readonly string[] {
  const { environment, kept, watch, gates } = shown;
  const other = otherDriver(shown);
  const isDriven = watch === 'here' || other !== null;
  const overdue =
    shown.end === 'inconclusive' ? ['no verdict within --patience; the stage stays in force as it is'] : [];
  const lines = nextInWords(state, gates?.report ?? null, kept.serverTimeMs, isDriven);
  const isTheirs = other !== null && isAtWork(state);
  const gone = isTheirs
    ? [
        `${other.holder} drives it; if that one is gone, nobody does from ${clockTime(other.untilMs)} on`,
        'to drive it at once: rlctl rollout resume',
      ]
    : [];
  return [...overdue, ...lines, ...gone].map((line) => addressed(passingBy(line, other !== null), environment.address));
}

/** Whose lease it is, where it is not this command's; whether their process still lives shows nowhere. */
function otherDriver({ kept: { lease }, watch }: RolloutShown): OperationLease | null {
  return watch === 'here' ? null : lease;
}

/** Phases in which something is to be done or watched. */
function isAtWork({ phase }: RolloutState): boolean {
  return ['watching', 'changing', 'aborting', 'undoing'].includes(phase);
}

/** Who watches; where nobody does while gates are open, that is what has to be seen first. */
function driverLines({ state, kept, watch, nowMs, theme }: Shown): readonly string[] {
  const { lease, lapsed } = kept;
  if (watch === 'here') return ['this command; Ctrl-C leaves the rollout as it is, and unwatched'];
  if (lease !== null) {
    const until = `until ${clockTime(lease.untilMs)} (${relativeTime(lease.untilMs, nowMs)}) unless renewed`;
    return [`${term(lease.holder)}, ${until}`];
  }
  if (!isAtWork(state)) return [];
  const nobody = theme.warn('nobody');
  if (lapsed === null) return [nobody];
  return [`${nobody}; ${term(lapsed.holder)} was heard of last ${relativeTime(lapsed.untilMs, nowMs)}`];
}

/** The ways back, where there are any and they do not stand in `next` already. */
function backLines(shown: Shown): readonly string[] {
  const { state, environment } = shown;
  const isOpen = ['watching', 'passed', 'paused', 'changing'].includes(state.phase);
  if (!isOpen) return [];
  const ways = [
    `${currentStage(state).name} alone: rlctl rollout abort`,
    ...(state.stage > 0 ? [`all of it: rlctl rollout undo`] : []),
  ];
  return ways.map((way) => addressed(passingBy(way, otherDriver(shown) !== null), environment.address));
}

const shownNotes = 4;

function notesText({ state, theme }: Shown): string {
  return state.notes
    .slice(-shownNotes)
    .map(({ atMs, by, text }) => theme.dim(`${clockTime(atMs)}  ${term(by)}  ${term(text)}`))
    .join('\n');
}
