import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { FlagDeed } from '../domain/incident/operation-flags.js';
import { addressed } from '../domain/printed-command.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import type { ChangeResult } from '../procedures/override/change.js';
import type { ChangePlan } from '../procedures/override/plan.js';
import type { FlagPlan, FlagResult } from '../procedures/shadow/change-flags.js';
import { changeView, planView } from './change-view.js';
import { fileLines, type WrittenFiles } from './incident-files.js';
import { incidentJson, timelineJson } from './incident-json.js';
import { endsLines, standingLines, type WayBack } from './incident-status-view.js';
import { notificationLines, type Notifications } from './incident-view.js';
import { outcomeWords } from './incident-words.js';
import { flagPlanView, flagResultView } from './shadow-view.js';
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

/** What the end would take back, the document and the flags. */
export interface ShownEndPlan {
  readonly document: ChangePlan;
  readonly flags: readonly FlagPlan[];
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
  /** The open panics that are over with it. */
  readonly ends: WayBack['ends'];
}

export function incidentEndPlanView(
  { document, flags, elsewhere, ends }: ShownEndPlan,
  environment: Environment,
): View {
  const change = planView(document, environment);
  const plans = flags.map((each) => flagPlanView(each, environment));
  return {
    ...change,
    data: { ...change.data, flags: plans.map(({ data }) => data), elsewhere, ends },
    human: async (theme) =>
      [
        ...standingLines(elsewhere, environment, theme),
        await change.human(theme),
        ...(await Promise.all(plans.map(async (each) => `\n${await each.human(theme)}`))),
        ...endsLines(ends, theme),
      ].join('\n'),
  };
}

function endedText({ incident }: IncidentStory, theme: Theme): string {
  const { id, title, end, start } = incident;
  const length = formatDuration((end?.atMs ?? start.atMs) - start.atMs);
  const became = end === null ? '' : `: ${outcomeWords[end.outcome]}`;
  return `${theme.bold(id)}  ${term(title)}  ended after ${length}${became}`;
}
