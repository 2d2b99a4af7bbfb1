import type { NotifyEvent } from './event.js';
import type { GrafanaTarget } from './target.js';

/** The body of Grafana's `POST /api/annotations`. */
export interface Annotation {
  readonly dashboardUID?: string;
  readonly panelId?: number;
  /** Epoch milliseconds. */
  readonly time: number;
  /** Epoch milliseconds; absent: it is a moment, not a region. */
  readonly timeEnd?: number;
  readonly tags: readonly string[];
  readonly text: string;
}

/** Grafana keeps no more of a tag, characters. */
const longestTag = 100;

/** The event as an annotation: a moment, or the region from where what it ends began. */
export function annotationOf(
  event: NotifyEvent,
  { tags, dashboardUID, panelId }: Pick<GrafanaTarget, 'tags' | 'dashboardUID' | 'panelId'>,
): Annotation {
  const atMs = Date.parse(event.time);
  return {
    ...(dashboardUID === null ? {} : { dashboardUID }),
    ...(panelId === null ? {} : { panelId }),
    ...(event.since === null ? { time: atMs } : { time: Date.parse(event.since), timeEnd: atMs }),
    tags: [...new Set([...tags, ...ownTags(event)].map((tag) => tag.slice(0, longestTag)))],
    text: textOf(event),
  };
}

/** By these an annotation is found again: above all by the id that stands in the history. */
function ownTags({ type, environment, changeId, partOf }: NotifyEvent): readonly string[] {
  const operations = partOf.map(({ kind, id }) => `${kind}:${id}`);
  const change = changeId === null ? [] : [`change:${changeId}`];
  return ['rlctl', `environment:${environment}`, `event:${type}`, ...change, ...operations];
}

function textOf({ summary, actor, reason, ticket, changeId }: NotifyEvent): string {
  // The title of an incident is its reason, and ends its summary already.
  const why = reason === null || summary.endsWith(`: ${reason}`) ? '' : `: ${reason}`;
  const lines = [
    summary,
    `by ${actor}${why}${ticket === null ? '' : ` [${ticket}]`}`,
    ...(changeId === null ? [] : [`change ${changeId}`]),
  ];
  return withoutMarkup(lines.join('\n'));
}

/** Grafana shows the text as HTML: what somebody wrote as a reason must not become part of the page. */
function withoutMarkup(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›');
}
