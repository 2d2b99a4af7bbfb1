import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { Incident } from '../domain/incident/incident.js';
import { addressed } from '../domain/printed-command.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import { fileLines, type WrittenFiles } from './incident-files.js';
import { incidentJson, timelineJson } from './incident-json.js';
import { storyText } from './incident-story-text.js';
import { renderTable } from './table.js';
import { term } from './term.js';
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
