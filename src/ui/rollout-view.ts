import { formatDuration } from '../domain/duration.js';
import { addressed } from '../domain/printed-command.js';
import { stageInWords } from '../domain/rollout/plan.js';
import { fallenTexts } from '../domain/rollout/standing.js';
import { currentRecord, currentStage, unreachedWhenEntered, type RolloutState } from '../domain/rollout/state.js';
import { unreachedText, type Unreached } from '../domain/shadow/unreached.js';
import type { Proof } from '../procedures/proof/prove.js';
import { proofText } from './proof-view.js';
import { gatesText } from './rollout-gates-text.js';
import { planJson, reportJson, rolloutJson, soakJson } from './rollout-json.js';
import { footText, nextLines, type RolloutOutlook } from './rollout-outlook-text.js';
import { stagesText, type RolloutMoment } from './rollout-stages-text.js';
import { headlineOf, isUnproven } from './rollout-words.js';
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
export interface RolloutShown extends RolloutOutlook {
  /** What was changed on the way. */
  readonly changes: readonly RolloutChange[];
  /** How often it is shown anew; `null`: once. */
  readonly intervalMs: number | null;
  /** Why this is not new; absent or `null`: it is. */
  readonly failure?: string | null;
  /** What the stages that stand do not reach now; absent or `null`: nobody asked, so it is as when they were entered. */
  readonly unreached?: readonly Unreached[] | null;
}

interface Shown extends RolloutShown, RolloutMoment {}

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
      fallen: shown.fallen ?? [],
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
    ...fallenTexts(shown.fallen ?? []).map((text) => `${theme.bad('!')} ${term(text)}`),
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
function headlineText({ state, gates, fallen, theme }: Shown): string {
  if ((fallen ?? []).length > 0) return theme.bad(theme.bold('NO LONGER STANDS'));
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

const shownNotes = 4;

function notesText({ state, theme, environment }: Shown): string {
  return state.notes
    .slice(-shownNotes)
    .map(({ atMs, by, text }) =>
      theme.dim(`${clockTime(atMs)}  ${term(by)}  ${term(addressed(text, environment.address))}`),
    )
    .join('\n');
}
