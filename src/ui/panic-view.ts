import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { Reach } from '../domain/operation/origin.js';
import { isOpen, type Panic } from '../domain/panic/panics.js';
import type { PanicWay } from '../domain/panic/target.js';
import { declaredElsewhere, restoreWords } from '../domain/panic/way-back.js';
import { addressed } from '../domain/printed-command.js';
import type { WatchedDecisions } from '../domain/reload-record.js';
import type { BlockWatch } from '../procedures/panic/watch-blocks.js';
import { changeText } from './author-text.js';
import { noteLines } from './note-lines.js';
import { watchedText } from './reload-verdict.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** What a panic came to, beside its change and the proof of that. */
export interface PanicShown {
  /** The open panic by which it is known; `null`: none is recorded. */
  readonly id: string | null;
  readonly command: string;
  /** The command that puts back what was; `null`: nothing was changed. */
  readonly restore: string | null;
  readonly way: PanicWay;
  /** What decisions showed; `null`: they were not watched. */
  readonly watch: BlockWatch | null;
  /** True: it was to wait for them. */
  readonly isWaiting: boolean;
  /** True: everything was as wanted already; it changed nothing, and is recorded as a panic of its own. */
  readonly isFound: boolean;
  /** True: the server's policy shows it, and no request did. */
  readonly isPolicyOnly: boolean;
  /** True: it was to send no reload (--no-reload), and the server goes on as before until it has one. */
  readonly isAwaitingReload: boolean;
  /** How that reload is had, in words with its command. */
  readonly nextReload: string;
  /** What is left to people with access to the platform; empty: nothing. */
  readonly manualSteps: readonly string[];
}

/** A panic that has acted: the change, its proof, what the limiter decided since, and the way back. */
export function panicView(change: View, shown: PanicShown, environment: Environment): View {
  const { id, command, way, watch, isFound, isPolicyOnly, isAwaitingReload, manualSteps } = shown;
  const restore = shown.restore === null ? null : addressed(shown.restore, environment.address);
  return {
    kind: 'Panic',
    data: {
      ...change.data,
      command,
      panicId: id,
      way,
      isFound,
      isPolicyOnly,
      isAwaitingReload,
      decisions: watchJson(watch),
      manualSteps,
      restore,
    },
    human: async (theme) =>
      [
        await change.human(theme),
        ...decisionLines(shown, environment, theme),
        ...(isPolicyOnly ? [theme.warn(policyOnly)] : []),
        ...manualLines(watch?.verdict === 'proven' ? [] : manualSteps, theme),
        wayBackLine(shown, restore, theme),
        ...(isAwaitingReload ? [theme.warn(addressed(reloadLine(shown), environment.address))] : []),
      ].join('\n'),
  };
}

function wayBackLine({ id, isFound }: PanicShown, restore: string | null, theme: Theme): string {
  if (restore === null) return theme.dim('nothing was changed, so there is nothing to restore');
  if (id === null) return `${theme.bold('this panic is not recorded.')} To put back what was before: ${term(restore)}`;
  const open = theme.bold(`panic ${id} is open.`);
  return isFound
    ? `${open} It changed nothing; what it found so stays so until you close it: ${term(restore)}`
    : `${open} To put back exactly what was before: ${term(restore)}`;
}

function watchJson(watch: BlockWatch | null): Record<string, unknown> | null {
  if (watch === null) return null;
  const { verdict, text, isThin, buckets, source, windowMs, error } = watch;
  return { verdict, text, isThin, source, windowSeconds: windowMs / 1000, buckets, error };
}

const headlines = {
  proven: 'PROVEN',
  inconclusive: 'INCONCLUSIVE',
  contradicted: 'CONTRADICTED',
  noData: 'NO DATA',
} as const satisfies Record<BlockWatch['verdict'], string>;

function reloadLine({ isFound, nextReload }: PanicShown): string {
  return isFound
    ? `whether the server has it in force was not asked; to make sure, ${nextReload}`
    : `the emergency is not in force before the server has a reload; ${nextReload}`;
}

const policyOnly = 'only the policy that the server shows was seen: no request has shown yet that it lets through';

/** Where decisions go on as before, an override is all that the server shows. */
const unenforcedHint =
  'the server shows the override and goes on blocking: it does not enforce overrides, or not in every process';

function decisionLines(
  { watch, way, isWaiting }: PanicShown,
  environment: Environment,
  theme: Theme,
): readonly string[] {
  if (watch === null) return isWaiting ? [theme.dim(`decisions: ${whyUnwatched(environment)}`)] : [];
  const paint = { proven: theme.good, inconclusive: theme.warn, contradicted: theme.bad, noData: theme.warn };
  const head = paint[watch.verdict](theme.bold(`DECISIONS ${headlines[watch.verdict]}`));
  const since = `since ${formatDuration(Math.max(1000, Math.round(watch.windowMs / 1000) * 1000))}`;
  const isHollow = way === 'overrides' && watch.verdict === 'contradicted';
  return [
    `${head}  ${term(watch.text)} ${theme.dim(`(${since}, ${term(watch.source)})`)}`,
    ...(isHollow ? [`  ${unenforcedHint}`] : []),
  ];
}

function whyUnwatched({ prometheus, metrics }: Environment): string {
  return prometheus === null && metrics === null
    ? 'not looked at, because neither prometheus nor metrics is configured'
    : 'not looked at, because no server took the reload';
}

function manualLines(steps: readonly string[], theme: Theme): readonly string[] {
  if (steps.length === 0) return [];
  return [
    theme.bold('if that is not enough, the platform’s own switch, which nobody can set from outside:'),
    ...steps.map((step, index) => `  ${index + 1}. ${term(step)}`),
  ];
}

/** A panic that was closed: what became of it, and its name. */
export function restoredView(change: View, { id, command }: Pick<Panic, 'id' | 'command'>, isLeft = false): View {
  const how = isLeft ? 'closed, and left as it is' : 'restored';
  return {
    kind: 'PanicRestore',
    data: { ...change.data, command: 'panic restore', panicId: id, restored: command, isLeft },
    human: async (theme) => [await change.human(theme), theme.bold(`${how}: ${id} (${term(command)})`)].join('\n'),
  };
}

/** What is said of a panic that is closed without a write. */
export interface Unwritten {
  /** A sentence. */
  readonly why: string;
  readonly remarks: readonly string[];
  readonly isDryRun: boolean;
  readonly isLeft?: boolean;
}

/** A panic that is closed, or would be, and of which nothing is put back. */
export function unwrittenView(
  panic: Panic,
  environment: Environment,
  { why, remarks, isDryRun, isLeft = false }: Unwritten,
): View {
  const { id, command, standsOn } = panic;
  const stays = standsOn.map((what) => thingText(panic, what)).join(', ');
  const data = { environment: environment.name, panicId: id, restored: command, isLeft, standsOn, remarks };
  return {
    kind: 'PanicRestore',
    data: { ...data, isDryRun, isNoop: true, changeId: null, changes: [], proof: null },
    human: (theme) =>
      [
        `${why}; nothing ${isDryRun ? 'would be' : 'was'} written`,
        ...(isLeft && stays !== '' ? [`still as the panic wants it: ${term(stays)}`] : []),
        ...noteLines(
          remarks.map((remark) => addressed(remark, environment.address)),
          theme,
        ),
        ...(isDryRun ? [theme.dim(`the panic ${id} goes on being open`)] : []),
      ].join('\n'),
  };
}

const columns = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'WHAT' },
  { title: 'BY' },
  { title: 'STANDS ON', isFlexible: true },
  { title: 'WHO AND WHY', isFlexible: true },
] as const;

/** What panics are shown with. */
export interface PanicsShown {
  readonly environment: Environment;
  readonly nowMs: number;
  /** By what flags are set from here. */
  readonly reach: Reach;
  /** What the panic came to that waited for decisions last, from this machine; `null`: none that is known. */
  readonly watched: WatchedDecisions | null;
}

/** The panics that are open, or all that are recorded. */
export function panicsView(panics: readonly Panic[], { environment, nowMs, reach, watched }: PanicsShown): View {
  const shownOf = ({ id }: Panic): WatchedDecisions | null => (watched?.panicId === id ? watched : null);
  const json = panics.map((each) => ({ ...panicJson(each), watched: shownOf(each) }));
  const open = panics.filter(isOpen);
  const here = open.filter((each) => declaredElsewhere(each, reach) === null);
  return {
    kind: 'PanicList',
    data: { environment: environment.name, open: open.length, panics: json },
    items: json,
    human: async (theme) => {
      if (panics.length === 0) return 'no panic is open';
      const rows = panics.map((each) => [
        each.id,
        isOpen(each) ? theme.warn('open') : stateText(each, nowMs),
        term(each.command.replace(/^panic /, '')),
        each.way,
        thingsText(each),
        changeText(each, each.atMs, nowMs),
      ]);
      const hint = addressed('rlctl panic restore ID', environment.address);
      const look = addressed('rlctl shadow list', environment.address);
      return [
        await renderTable(columns, rows, theme),
        ...panics.flatMap((each) => watchedLine(shownOf(each), nowMs, theme)),
        ...(here.length === 0 ? [] : [theme.dim(`to put back what was before one of them: ${term(hint)}`)]),
        ...open.flatMap((each) => elsewhereLine(each, reach, theme)),
        ...(panics.some(isOverInFile) ? [theme.dim(`whether the server took up what the file says now: ${look}`)] : []),
      ].join('\n');
    },
  };
}

/** How a panic is restored that this environment cannot restore; nothing of one that it can. */
function elsewhereLine(panic: Panic, reach: Reach, theme: Theme): readonly string[] {
  const elsewhere = declaredElsewhere(panic, reach);
  if (elsewhere === null) return [];
  const line = `${panic.id} was declared on ${elsewhere.environment}; to put back what was before it: ${restoreWords(panic, reach)}`;
  return [theme.dim(term(line))];
}

/** What was proven, and what was waited for beside; nothing of a panic that decisions have shown. */
function watchedLine(watched: WatchedDecisions | null, nowMs: number, theme: Theme): readonly string[] {
  if (watched === null || watched.decisions === 'proven') return [];
  return [theme.warn(`${term(watched.panicId ?? '')}: ${term(watchedText(watched, nowMs))}`)];
}

/** Somebody set its flags in the file; what the server has of that, the file does not tell. */
function isOverInFile(panic: Panic): boolean {
  return panic.way === 'flags' && panic.restored === null && !isOpen(panic);
}

/** Nobody named it when it was put back: then it is over because nothing of it stands. */
function stateText(panic: Panic, nowMs: number): string {
  const { restored, isLeft } = panic;
  if (restored === null) return isOverInFile(panic) ? 'over in the file' : 'over: nothing of it stands';
  const { atMs, actor } = restored;
  return `${isLeft ? 'left' : 'restored'} ${changeText({ actor, reason: null, ticket: null }, atMs, nowMs)}`;
}

/** What it changed, and what it found so; of an open one also what does not stand any more. */
function thingsText(panic: Panic): string {
  const { changed, found, standsOn } = panic;
  const isGone = (what: string): boolean => isOpen(panic) && !standsOn.includes(what);
  const text = (what: string, isFound: boolean): string => {
    const notes = [...(isFound ? ['found so'] : []), ...(isGone(what) ? ['not any more'] : [])];
    return `${term(thingText(panic, what))}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  };
  const all = [...changed.map((what) => text(what, false)), ...found.map((what) => text(what, true))];
  return all.join(', ') || '-';
}

/** A column has room for a bucket's name, and not for its variable. */
function thingText({ way }: Panic, what: string): string {
  if (way === 'flags') return what.replace(/^RATE_LIMIT_SHADOW_/, '').toLowerCase();
  return what === '' ? '"" (every route)' : what;
}

function panicJson(panic: Panic): Record<string, unknown> {
  const { id, atMs, restored, isLeft, leaves: _, ...rest } = panic;
  const state = isOpen(panic) ? 'open' : restored === null ? 'over' : isLeft ? 'left' : 'restored';
  return {
    panicId: id,
    ...rest,
    isOpen: isOpen(panic),
    state,
    at: new Date(atMs).toISOString(),
    restored: restored && {
      at: new Date(restored.atMs).toISOString(),
      actor: restored.actor,
      changeId: restored.changeId,
    },
  };
}
