import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { RlctlError } from '../domain/errors.js';
import type { FlagToRestore } from '../domain/incident/flag-restoration.js';
import type { Incident } from '../domain/incident/incident.js';
import type { FlagDeed } from '../domain/incident/operation-flags.js';
import type { ChangeItem, FlagItem, ForeignItem, TimelineItem } from '../domain/incident/timeline.js';
import type { LiveProof } from '../domain/incident/verdict.js';
import type { RouteDiff } from '../domain/override/diff.js';
import { addressed } from '../domain/printed-command.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import { changeTitle, diffText, endText, outcomeWords, routeText, verdictWords } from './incident-words.js';
import { fileLines, type WrittenFiles } from './incident-files.js';
import { pasted } from './pasted.js';
import { renderTable } from './table.js';
import { term, termLines } from './term.js';
import { isoTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** What became of telling somebody. */
export type Notifications = readonly {
  readonly target: string;
  readonly isDelivered: boolean;
  readonly detail: string;
}[];

export function notificationLines(notifications: Notifications, theme: Theme): readonly string[] {
  return notifications
    .filter(({ isDelivered }) => !isDelivered)
    .map(({ target, detail }) => theme.warn(`not told: ${term(target)}: ${term(detail)}`));
}

export function incidentJson(incident: Incident): Record<string, unknown> {
  const { id, title, ticket, environment, startedBy, start, notes, end } = incident;
  return {
    id,
    title,
    ticket,
    environment,
    isOpen: end === null,
    startedBy,
    startedAt: isoTime(start.atMs),
    revisionAtStart: start.revision,
    notes: notes.map(({ atMs, actor, text }) => ({ time: isoTime(atMs), actor, text })),
    endedBy: end?.by ?? null,
    endedAt: isoTime(end?.atMs),
    outcome: end?.outcome ?? null,
    changeId: end?.changeId ?? null,
    verdict: end?.verdict ?? null,
    revisionAtEnd: end?.revision ?? null,
  };
}

export function timelineJson(items: readonly TimelineItem[]): readonly object[] {
  return items.map(({ atMs, ...item }) => {
    if (item.kind !== 'foreign') return { time: isoTime(atMs), ...item };
    const { afterMs, diff, from, to, ...rest } = item;
    return { time: isoTime(atMs), after: isoTime(afterMs), ...rest, diff, revisionBefore: from, revisionAfter: to };
  });
}

/** An incident that has just been opened. */
export function incidentStartedView(incident: Incident, environment: Environment, notifications: Notifications): View {
  const { id, title, ticket } = incident;
  const next =
    'add what you see: rlctl incident note TEXT; see what is changed: rlctl incident status; end it: rlctl incident end';
  return {
    kind: 'IncidentStart',
    data: { ...incidentJson(incident), notifications },
    human: (theme) =>
      [
        `${theme.bold(id)}  ${term(title)}${ticket === null ? '' : ` [${term(ticket)}]`}`,
        `from now on, what anybody changes on ${term(environment.name)} belongs to it`,
        ...notificationLines(notifications, theme),
        theme.dim(term(addressed(next, environment.address))),
      ].join('\n'),
  };
}

/** The note that was kept last. */
export function incidentNoteView(incident: Incident, environment: Environment): View {
  const note = incident.notes.at(-1);
  const time = isoTime(note?.atMs);
  return {
    kind: 'IncidentNote',
    data: {
      environment: environment.name,
      id: incident.id,
      note: note === undefined ? null : { time, actor: note.actor, text: note.text },
      notes: incident.notes.length,
    },
    human: () => `${incident.id}: note ${incident.notes.length} kept, ${time} by ${term(note?.actor ?? '')}`,
  };
}

/** Nothing is open. */
export function noIncidentView(environment: Environment): View {
  const next = 'open one: rlctl incident start TITLE; those that have ended: rlctl incident list';
  return {
    kind: 'IncidentStatus',
    data: { environment: environment.name, isOpen: false, incident: null, timeline: [] },
    items: [],
    human: (theme) =>
      `no incident is open on ${term(environment.name)}\n${theme.dim(term(addressed(next, environment.address)))}`,
  };
}

/** What the end would take back. */
export interface WayBack {
  readonly diff: readonly RouteDiff[];
  readonly remarks: readonly string[];
  readonly flags: readonly FlagToRestore[];
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
  /** Why it would be refused; `null`: it would not. */
  readonly refusal: RlctlError | null;
}

/** Where the open incident stands. */
export function incidentStatusView(
  story: IncidentStory,
  { proof, wayBack }: { readonly proof: LiveProof | null; readonly wayBack: WayBack },
  environment: Environment,
): View {
  const { incident, timeline, nowMs, isCut } = story;
  const items = timelineJson(timeline);
  const { refusal, ...restores } = wayBack;
  return {
    kind: 'IncidentStatus',
    data: {
      environment: environment.name,
      isOpen: true,
      incident: incidentJson(incident),
      elapsedSeconds: Math.round((nowMs - incident.start.atMs) / 1000),
      isCut,
      timeline: items,
      proof: proof === null ? null : { verdict: proof.verdict, diagnosis: proof.diagnosis },
      restores: {
        ...restores,
        refusal: refusal === null ? null : { code: refusal.code, message: refusal.message, exitCode: refusal.exitCode },
      },
    },
    items,
    human: async (theme) =>
      [
        await storyText(story, environment, theme),
        ...(proof === null
          ? []
          : [
              `in force now: ${paintVerdict(proof.verdict, theme)}: ${term(addressed(proof.diagnosis, environment.address))}`,
            ]),
        '',
        ...wayBackLines(wayBack, environment, theme),
      ].join('\n'),
  };
}

function paintVerdict(verdict: LiveProof['verdict'], theme: Theme): string {
  const paint = { proven: theme.good, notProven: theme.warn, contradicted: theme.bad, notAttempted: theme.warn }[
    verdict
  ];
  return paint(verdictWords[verdict]);
}

function wayBackLines(
  { diff, remarks, flags, elsewhere, refusal }: WayBack,
  { address }: Environment,
  theme: Theme,
): readonly string[] {
  if (refusal !== null)
    return [
      theme.warn(`its end could take nothing back now: ${term(refusal.message)}`),
      ...(refusal.hint === undefined ? [] : [`${theme.accent('hint:')}  ${term(addressed(refusal.hint, address))}`]),
    ];
  const lines = [
    ...diff.map((each) => `  ${term(routeText(each.route))}  ${term(diffText(each))}`),
    ...flags.map(({ bucket, isOn }) => `  flag of ${term(bucket)}: shadow ${isOn ? 'on' : 'off'}`),
  ];
  const first = elsewhere.map(({ operation, wayBack }) =>
    theme.warn(
      `${operation.kind} ${term(operation.id)} set flags and still stands; to be taken back first: ${term(addressed(wayBack, address))}`,
    ),
  );
  if (lines.length === 0) return [...first, 'its end would have nothing to take back'];
  return [
    ...first,
    'its end would restore:',
    ...lines,
    ...remarks.map((remark) => `${theme.accent('note:')}  ${term(addressed(remark, address))}`),
    theme.dim('to take exactly that back, or to leave it:'),
    ...['--restore', '--keep'].map((flag) => pasted(`  ${term(addressed(`rlctl incident end ${flag}`, address))}`)),
  ];
}

const columns = [
  { title: 'NO', align: 'right' },
  { title: 'TIME' },
  { title: 'WHO' },
  { title: 'WHAT', isFlexible: true },
  { title: 'VERDICT', isOptional: true },
] as const;

/** Who, since when, and everything that was done, a line each. */
export async function storyText(story: IncidentStory, environment: Environment, theme: Theme): Promise<string> {
  const { incident, timeline, nowMs, isCut } = story;
  const { id, title, ticket, start, startedBy, end } = incident;
  const length = formatDuration((end?.atMs ?? nowMs) - start.atMs);
  const head = `${theme.bold(id)}  ${term(title)}${ticket === null ? '' : ` [${term(ticket)}]`}`;
  const started = `started ${isoTime(start.atMs)} by ${term(startedBy)} on ${term(environment.name)}`;
  const state =
    end === null ? `open for ${length}` : `ended after ${length} by ${term(end.by)}: ${outcomeWords[end.outcome]}`;
  const happenings = timeline.filter(({ kind }) => kind !== 'started' && kind !== 'ended');
  const rows = happenings.map((item) => rowOf(item, theme));
  return [
    head,
    `${state}; ${started}`,
    ...(end?.verdict ? [`the way back: ${paintVerdict(end.verdict, theme)}`] : []),
    ...(isCut ? [theme.warn('the history does not reach back to its start: older changes are not shown')] : []),
    '',
    rows.length === 0 ? 'nothing was changed and nothing was noted' : await renderTable(columns, rows, theme),
  ].join('\n');
}

function rowOf(item: TimelineItem, theme: Theme): readonly string[] {
  const time = `${new Date(item.atMs).toISOString().slice(11, 19)}Z`;
  const number = 'number' in item ? String(item.number) : '';
  const who = item.kind === 'foreign' ? theme.warn('past rlctl') : term(item.actor);
  return [number, time, who, happened(item), verdictCell(item, theme)];
}

function verdictCell(item: TimelineItem, theme: Theme): string {
  if (item.kind === 'change' && item.takenBackBy !== null) return theme.dim('taken back');
  if ((item.kind === 'change' || item.kind === 'flags') && item.verdict !== null)
    return paintVerdict(item.verdict, theme);
  return '-';
}

function happened(item: TimelineItem): string {
  switch (item.kind) {
    case 'started':
      return 'started';
    case 'ended':
      return `ended: ${term(endText(item))}`;
    case 'note':
      return `note: ${termLines(item.text)}`;
    case 'foreign':
      return ['document changed', ...differences(item)].join('\n');
    case 'flags':
      return `${term(changeTitle(item))}${why(item)}`;
    case 'change':
      return [`${item.isEnd ? 'the end: ' : ''}${term(changeTitle(item))}${why(item)}`, ...differences(item)].join(
        '\n',
      );
  }
}

function why({ reason, ticket }: ChangeItem | FlagItem): string {
  return `${reason === null ? '' : `: ${term(reason)}`}${ticket === null ? '' : ` [${term(ticket)}]`}`;
}

function differences({ diff }: ChangeItem | ForeignItem): readonly string[] {
  if (diff === null) return ['what cannot be told: a document is not at hand, or cannot be read'];
  return diff.map((each) => `${term(routeText(each.route))} ${term(diffText(each))}`);
}

/** The story of one incident. */
export function incidentShowView(story: IncidentStory, files: WrittenFiles, environment: Environment): View {
  const items = timelineJson(story.timeline);
  return {
    kind: 'Incident',
    data: { ...incidentJson(story.incident), isCut: story.isCut, timeline: items, files },
    items,
    human: async (theme) => [await storyText(story, environment, theme), ...fileLines(files)].join('\n'),
  };
}

const listColumns = [
  { title: 'ID' },
  { title: 'STARTED' },
  { title: 'LASTED', align: 'right' },
  { title: 'BY' },
  { title: 'OUTCOME' },
  { title: 'TITLE', isFlexible: true },
] as const;

/** Every incident, a line each, the newest first. */
export function incidentListView(incidents: readonly Incident[], environment: Environment, nowMs: number): View {
  const items = incidents.map(incidentJson);
  return {
    kind: 'IncidentList',
    data: { environment: environment.name, incidents: items },
    items,
    human: async (theme) => {
      if (incidents.length === 0) return `no incident is known on ${term(environment.name)}`;
      const rows = incidents.map(({ id, title, start, startedBy, end }) => [
        id,
        new Date(start.atMs).toISOString().replace(/^(.{10})T(.{5}).*$/, '$1 $2Z'),
        formatDuration((end?.atMs ?? nowMs) - start.atMs),
        term(startedBy),
        end === null ? theme.warn('open') : end.outcome,
        term(title),
      ]);
      return renderTable(listColumns, rows, theme);
    },
  };
}
