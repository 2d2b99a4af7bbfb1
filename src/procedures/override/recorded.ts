import { undoneIds, type HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import type { Revision } from '../../domain/revision.js';
import type { StorePorts } from './plan.js';

const pageSize = 100;

/** Reads the history newest first, page by page, until `enough` says so or it ends. */
export async function readHistory(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  enough: (entries: readonly HistoryEntry[]) => boolean,
): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (;;) {
    const before = entries.at(-1)?.entryId;
    const page = await ports.store.history(
      { limit: pageSize, ...(before === undefined ? {} : { before }) },
      ports.deadline,
    );
    entries.push(...page);
    if (page.length < pageSize || enough(entries)) return entries;
  }
}

/**
 * The bytes of a revision as the history has them; `null`: it was no document; `undefined`: the entries do not lead to it.
 * What an entry carries needs no other to be rebuilt from, so that a gap elsewhere does no harm.
 */
export function bytesOfRevision(
  newestFirst: readonly HistoryEntry[],
  revision: Revision,
): Uint8Array | null | undefined {
  const carried = newestFirst.find(({ next, document }) => next === revision && document !== null);
  return carried?.document ?? documentAt([...newestFirst].reverse(), revision);
}

/**
 * Undone changes and those that undid them do not count, nor do those that only said who manages what: the last change of
 * the document that still stands. `null`: there is none.
 */
export function lastStanding(newestFirst: readonly HistoryEntry[]): HistoryEntry | null {
  return standing(newestFirst).next().value ?? null;
}

/** All of them, newest first. */
export function* standing(newestFirst: readonly HistoryEntry[]): Generator<HistoryEntry, undefined> {
  const undone = new Set<string>();
  for (const entry of newestFirst) {
    if (entry.kind !== 'change' || entry.body === null) continue;
    const taken = undoneIds(entry.body);
    for (const id of taken) undone.add(id);
    if (taken.length === 0 && !undone.has(entry.changeId) && !isOwnershipAlone(entry)) yield entry;
  }
}

/** True of a change of no byte that only said who manages what; one that set another end is a change like any other. */
function isOwnershipAlone({ prev, next, body }: HistoryEntry): boolean {
  return prev === next && body?.owner !== undefined;
}
