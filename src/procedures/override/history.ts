import { usageError } from '../../domain/errors.js';
import type { RouteDiff } from '../../domain/override/diff.js';
import { undoneIds, type HistoryEntry } from '../../domain/override/history.js';
import { lostChange, type LostChange } from '../../domain/override/lost-history.js';
import { recordedDiff } from '../../domain/override/recorded-diff.js';
import { takenBackBy } from '../../domain/override/taken-back.js';
import type { StorePorts } from './plan.js';
import { readHistory } from './recorded.js';

export interface RecordedChange {
  readonly entry: HistoryEntry;
  readonly diff: readonly RouteDiff[];
  /** The change id that took it back; `null`: none did. */
  readonly undoneBy: string | null;
  /** The change ids that it took back; empty: none. */
  readonly takesBack: readonly string[];
}

/** Recorded changes, newest first. */
export interface RecordedChanges {
  readonly changes: readonly RecordedChange[];
  /** True: the limit cut older ones off. */
  readonly isMore: boolean;
  /** The last change that is known of where the history is empty; `null`: it is not, or none is known. */
  readonly lost: LostChange | null;
}

export interface HistoryFilter {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only the change of this id; `null`: all. */
  readonly changeId: string | null;
  /** Only changes that touched this route; `null`: all. */
  readonly route: string | null;
}

/** Reads the recorded changes, newest first, each field by field. Throws a usage error for a change id that is not there. */
export async function recordedChanges(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  filter: HistoryFilter,
): Promise<RecordedChanges> {
  const wanted = ({ changeId, body }: HistoryEntry): boolean =>
    (filter.changeId === null || changeId === filter.changeId) &&
    (filter.route === null || body?.routes.some(({ route }) => route === filter.route) === true);
  const entries = await readHistory(ports, (read) => read.filter(wanted).length > filter.limit);
  const undoneBy = takenBackBy(entries);
  const all = entries.filter(wanted);
  const found = all.slice(0, filter.limit);
  if (filter.changeId !== null && found.length === 0) {
    throw usageError(
      `the history has no change ${filter.changeId}: it was not applied, or is older than what is kept`,
      'See what there is with: rlctl override history',
      'CHANGE_MISSING',
    );
  }
  const changes = found.map((entry) => ({
    entry,
    diff: entry.body === null ? [] : recordedDiff(entry.body),
    undoneBy: undoneBy.get(entry.changeId) ?? null,
    takesBack: entry.body === null ? [] : undoneIds(entry.body).filter((id) => undoneBy.get(id) === entry.changeId),
  }));
  const lost = entries.length === 0 ? lostChange(await ports.store.read(ports.deadline, 'auditor')) : null;
  return { changes, isMore: all.length > found.length, lost };
}
