import type { Incident } from '../../domain/incident/incident.js';
import { isAfter, type IncidentHistory } from '../../domain/incident/window.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { lostChange } from '../../domain/override/lost-history.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';

/** The history as far back as an incident needs it: to an entry before its start that carries the document. */
export async function readIncidentHistory(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  { start }: Incident,
  stored: StoredOverrides,
): Promise<IncidentHistory> {
  const newestFirst = await readHistory(ports, (read) =>
    read.some(
      ({ entryId, kind, document }) => !isAfter(entryId, start.entryId) && (kind === 'snapshot' || document !== null),
    ),
  );
  return historyBy(stored, newestFirst);
}

/** The history as it was when the document was read. `newestFirst`: at least as new as that, and as far back as it is needed. */
export function historyBy(stored: StoredOverrides, newestFirst: readonly HistoryEntry[]): IncidentHistory {
  const { lastEntry, bytes, revision, serverTimeMs } = stored;
  // What was written after the document was read is told by the next look.
  const known = newestFirst.filter(({ entryId }) => lastEntry !== null && !isAfter(entryId, lastEntry.entryId));
  const lost = lastEntry === null ? lostChange(stored) : null;
  const lostMs = lost && Date.parse(lost.time);
  return { entries: known.toReversed(), bytes, revision, nowMs: serverTimeMs, lostMs };
}
