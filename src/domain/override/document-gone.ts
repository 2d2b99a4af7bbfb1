import type { Finding } from '../finding.js';
import { revisionOf, type Revision } from '../revision.js';
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

/** What it says of such a key, wherever it is said. */
export function goneText({ key }: { readonly key: string }): string {
  return `${key} is gone, though the history tells of overrides in it`;
}

/** The way back, and it alone: a reload before it would cost the servers what they still hold. */
export const goneCure = 'Restore the last document with: rlctl override repair';

/** No reload may be advised where the document's key is gone: it would cost the servers what they still hold. */
export function goneFinding(stored: { readonly key: string }): Finding {
  return {
    code: 'DOCUMENT_GONE',
    part: 'overrides',
    message: `${goneText(stored)}: the next reload drops every override`,
    hint: `${goneCure}; do not reload before`,
  };
}

/**
 * True where nothing is stored and nothing tells that rlctl ever wrote there, though the last reload from here was of a
 * document with overrides: Redis was emptied, or it is another one. `lastRevision`: of that reload; `null`: not known.
 */
export function isStoreEmptied(
  stored: { readonly type: string; readonly revision: Revision; readonly lastEntry: unknown },
  lastRevision: Revision | null,
): boolean {
  const isText = stored.type === 'none' || stored.type === 'string';
  const isNothing = (revision: Revision): boolean => revision === 'none' || revision === empty;
  const isEmpty = isText && stored.lastEntry === null && isNothing(stored.revision);
  return isEmpty && lastRevision !== null && !isNothing(lastRevision);
}

/** What it says, and what to look at first. */
export function emptiedText({ key }: { readonly key: string }): string {
  return `no override is stored in ${key} and no history, though the last reload from here was of a document with overrides: Redis was emptied, or this is another place than then; the next reload drops what the servers still hold`;
}

/** How to see the last copy of what is lost. */
export const emptiedCure =
  'The servers hold the last copy until they are reloaded: note what they tell, with rlctl fleet status and rlctl policy get ROUTE; compare namespace and redis with theirs: rlctl env show';

/** The finding of it. */
export function emptiedFinding(stored: { readonly key: string }): Finding {
  return { code: 'STORE_EMPTIED', part: 'overrides', message: emptiedText(stored), hint: emptiedCure };
}
