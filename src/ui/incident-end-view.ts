import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import { addressed } from '../domain/printed-command.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import type { ChangeResult } from '../procedures/override/change.js';
import type { FlagResult } from '../procedures/shadow/change-flags.js';
import { changeView } from './change-view.js';
import { fileLines, type WrittenFiles } from './incident-files.js';
import { incidentJson, notificationLines, timelineJson, type Notifications } from './incident-view.js';
import { outcomeWords } from './incident-words.js';
import { flagResultView } from './shadow-view.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** How an incident was ended, or why it was not. */
export interface ShownEnd {
  readonly story: IncidentStory;
  /** What was put back; `null`: nothing was to be. */
  readonly back: {
    readonly document: ChangeResult | null;
    readonly flags: readonly FlagResult[];
    readonly isDone: boolean;
  } | null;
  /** The files that were written; `null`: it was not ended. */
  readonly files: WrittenFiles | null;
  readonly notifications: Notifications;
}

export function incidentEndView({ story, back, files, notifications }: ShownEnd, environment: Environment): View {
  const change = back?.document ? changeView(back.document, environment) : null;
  const flags = (back?.flags ?? []).map((each) => flagResultView(each, environment));
  const isEnded = files !== null;
  const { id } = story.incident;
  const hint = isEnded
    ? files.html === null && files.markdown === null
      ? addressed(`its story: rlctl incident show ${id} --out .`, environment.address)
      : null
    : addressed(
        'what is written is written, and the incident stays open; to prove it again and end it: rlctl incident end --restore',
        environment.address,
      );
  return {
    kind: 'IncidentEnd',
    data: {
      environment: environment.name,
      isEnded,
      incident: incidentJson(story.incident),
      timeline: timelineJson(story.timeline),
      change: change?.data ?? null,
      flags: flags.map(({ data }) => data),
      files,
      notifications,
      hint,
    },
    human: async (theme) =>
      [
        ...(change === null ? [] : [await change.human(theme), '']),
        ...(await Promise.all(flags.map(async (each) => `${await each.human(theme)}\n`))),
        isEnded ? endedText(story, theme) : theme.bad(`incident ${id} is not ended: what was taken back is not proven`),
        ...fileLines(files),
        ...notificationLines(notifications, theme),
        ...(hint === null ? [] : [`${theme.accent('hint:')}  ${term(hint)}`]),
      ].join('\n'),
  };
}

function endedText({ incident }: IncidentStory, theme: Theme): string {
  const { id, title, end, start } = incident;
  const length = formatDuration((end?.atMs ?? start.atMs) - start.atMs);
  const became = end === null ? '' : `: ${outcomeWords[end.outcome]}`;
  return `${theme.bold(id)}  ${term(title)}  ended after ${length}${became}`;
}
