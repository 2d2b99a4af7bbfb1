import type { Incident } from '../domain/incident/incident.js';
import type { TimelineItem } from '../domain/incident/timeline.js';
import { isoTime } from './time.js';

// An incident as programs read it.

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
