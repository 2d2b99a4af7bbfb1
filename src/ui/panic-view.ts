import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { Panic } from '../domain/panic/panics.js';
import type { PanicWay } from '../domain/panic/target.js';
import { addressed } from '../domain/printed-command.js';
import type { BlockWatch } from '../procedures/panic/watch-blocks.js';
import { changeText } from './author-text.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** What a panic came to, beside its change and the proof of that. */
export interface PanicShown {
  /** `null`: nothing was changed, so there is nothing to restore. */
  readonly id: string | null;
  readonly command: string;
  /** The command that puts back what was; `null`: nothing was changed. */
  readonly restore: string | null;
  readonly way: PanicWay;
  /** What decisions showed; `null`: they were not watched. */
  readonly watch: BlockWatch | null;
  /** True: it was to wait for them. */
  readonly isWaiting: boolean;
  /** What is left to people with access to the platform; empty: nothing. */
  readonly manualSteps: readonly string[];
}

/** A panic that has acted: the change, its proof, what the limiter decided since, and the way back. */
export function panicView(change: View, shown: PanicShown, environment: Environment): View {
  const { id, command, way, watch, manualSteps } = shown;
  const restore = shown.restore === null ? null : addressed(shown.restore, environment.address);
  return {
    kind: 'Panic',
    data: { ...change.data, command, panicId: id, way, decisions: watchJson(watch), manualSteps, restore },
    human: async (theme) =>
      [
        await change.human(theme),
        ...decisionLines(shown, environment, theme),
        ...manualLines(watch?.verdict === 'proven' ? [] : manualSteps, theme),
        restore === null
          ? theme.dim('nothing was changed, so there is nothing to restore')
          : `${theme.bold(`panic ${id ?? ''} is open.`)} To put back exactly what was before: ${term(restore)}`,
      ].join('\n'),
  };
}

function watchJson(watch: BlockWatch | null): Record<string, unknown> | null {
  if (watch === null) return null;
  const { verdict, text, buckets, source, windowMs, error } = watch;
  return { verdict, text, source, windowSeconds: windowMs / 1000, buckets, error };
}

const headlines = {
  proven: 'PROVEN',
  inconclusive: 'INCONCLUSIVE',
  contradicted: 'CONTRADICTED',
  noData: 'NO DATA',
} as const satisfies Record<BlockWatch['verdict'], string>;

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

/** A panic that was taken back: the change and its proof. */
export function restoredView(change: View, { id, command }: Pick<Panic, 'id' | 'command'>): View {
  return {
    kind: 'PanicRestore',
    data: { ...change.data, command: 'panic restore', panicId: id, restored: command },
    human: async (theme) => [await change.human(theme), theme.bold(`restored: ${id} (${term(command)})`)].join('\n'),
  };
}

const columns = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'WHAT' },
  { title: 'BY' },
  { title: 'CHANGED', isFlexible: true },
  { title: 'WHO AND WHY', isFlexible: true },
] as const;

/** The panics that are open, or all that are recorded. */
export function panicsView(panics: readonly Panic[], environment: Environment, nowMs: number): View {
  const json = panics.map(panicJson);
  const open = panics.filter(({ restored }) => restored === null);
  return {
    kind: 'PanicList',
    data: { environment: environment.name, open: open.length, panics: json },
    items: json,
    human: async (theme) => {
      if (panics.length === 0) return 'no panic is open';
      const rows = panics.map((each) => [
        each.id,
        each.restored === null ? theme.warn('open') : `restored ${changeTimeText(each.restored, nowMs)}`,
        term(each.command.replace(/^panic /, '')),
        each.way,
        each.changed.map((route) => term(route === '' ? '"" (every route)' : route)).join(', ') || '-',
        changeText(each, each.atMs, nowMs),
      ]);
      const hint = addressed('rlctl panic restore ID', environment.address);
      return [
        await renderTable(columns, rows, theme),
        ...(open.length === 0 ? [] : [theme.dim(`to put back what was before one of them: ${term(hint)}`)]),
      ].join('\n');
    },
  };
}

function changeTimeText({ atMs, actor }: NonNullable<Panic['restored']>, nowMs: number): string {
  return changeText({ actor, reason: null, ticket: null }, atMs, nowMs);
}

function panicJson({ id, atMs, restored, ...rest }: Panic): Record<string, unknown> {
  return {
    panicId: id,
    ...rest,
    isOpen: restored === null,
    at: new Date(atMs).toISOString(),
    restored: restored && {
      at: new Date(restored.atMs).toISOString(),
      actor: restored.actor,
      changeId: restored.changeId,
    },
  };
}
