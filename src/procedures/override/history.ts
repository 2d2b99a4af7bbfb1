import { usageError, type RlctlError } from '../../domain/errors.js';
import type { Finding } from '../../domain/finding.js';
import type { RouteDiff } from '../../domain/override/diff.js';
import { emptiedSince } from '../../domain/override/document-gone.js';
import { undoneIds, type HistoryEntry } from '../../domain/override/history.js';
import { lostChange, lostError, type LostChange } from '../../domain/override/lost-history.js';
import { recordedDiff } from '../../domain/override/recorded-diff.js';
import { takenBackBy } from '../../domain/override/taken-back.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { emptiedError, type OnceStored } from './lost-document.js';
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
  /** That Redis was emptied, history and all; `null`: nothing tells of it. */
  readonly emptied: Finding | null;
}

export interface HistoryFilter {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only the change of this id; `null`: all. */
  readonly changeId: string | null;
  /** Only changes that touched this route; `null`: all. */
  readonly route: string | null;
}

/**
 * Reads the recorded changes, newest first, each field by field. Throws a usage error for a change id
 * that is not there, and a guard where Redis was emptied, so that nothing tells.
 */
export async function recordedChanges(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  filter: HistoryFilter,
  once: OnceStored,
): Promise<RecordedChanges> {
  const wanted = ({ changeId, body }: HistoryEntry): boolean =>
    (filter.changeId === null || changeId === filter.changeId) &&
    (filter.route === null || body?.routes.some(({ route }) => route === filter.route) === true);
  const entries = await readHistory(ports, (read) => read.filter(wanted).length > filter.limit);
  const undoneBy = takenBackBy(entries);
  const all = entries.filter(wanted);
  const found = all.slice(0, filter.limit);
  const stored = entries.length === 0 ? await ports.store.read(ports.deadline, 'auditor') : null;
  if (filter.changeId !== null && found.length === 0) throw await missing(filter.changeId, stored, once);
  const changes = found.map((entry) => ({
    entry,
    diff: entry.body === null ? [] : recordedDiff(entry.body),
    undoneBy: undoneBy.get(entry.changeId) ?? null,
    takesBack: entry.body === null ? [] : undoneIds(entry.body).filter((id) => undoneBy.get(id) === entry.changeId),
  }));
  const lost = stored && lostChange(stored);
  const emptied = stored !== null && lost === null ? emptiedSince(stored, await once.lastReload()) : null;
  return { changes, isMore: all.length > found.length, lost, emptied };
}

/** Why a change is not there. `stored`: what is stored beside a history without an entry; `null`: it has entries. */
async function missing(changeId: string, stored: StoredOverrides | null, once: OnceStored): Promise<RlctlError> {
  const what = `the history has no change ${changeId}`;
  const gone = stored && (lostError(what, stored) ?? (await emptiedError(what, stored, once)));
  if (gone !== null) return gone;
  return usageError(
    `${what}: it was not applied, or is older than what is kept`,
    'See what there is with: rlctl override history',
    'CHANGE_MISSING',
  );
}
