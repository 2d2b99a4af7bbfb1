import type { Finding } from '../finding.js';
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

/** No reload may be advised where the document's key is gone: it would cost the servers what they still hold. */
export function goneFinding({ key }: { readonly key: string }): Finding {
  return {
    code: 'DOCUMENT_GONE',
    part: 'overrides',
    message: `${key} is gone, though the history tells of overrides in it: the next reload drops every override`,
    hint: 'Restore the last document with: rlctl override repair; do not reload before',
  };
}
