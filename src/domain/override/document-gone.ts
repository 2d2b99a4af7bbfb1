import { revisionOf } from '../revision.js';
import type { HistoryEntry } from './history.js';

const empty = revisionOf(new TextEncoder().encode('{}'));

/**
 * True where the key of the document does not exist, though the history tells of overrides in it: rlctl never removes the
 * key, so somebody else did, or it expired. `type`: as Redis gives it; `lastEntry`: the newest of the history.
 */
export function isDocumentGone(stored: {
  readonly type: string;
  readonly lastEntry: Pick<HistoryEntry, 'next'> | null;
}): boolean {
  return stored.type === 'none' && stored.lastEntry !== null && stored.lastEntry.next !== empty;
}
