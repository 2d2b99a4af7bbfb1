import { formatDuration } from '../duration.js';
import type { Finding } from '../finding.js';
import { followedBy } from '../followed-by.js';
import { quoteOutside } from '../outside-text.js';
import type { ReloadRecord } from '../reload-record.js';
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

/** The finding of it: no reload may be advised there. */
function goneFinding(stored: { readonly key: string }): Finding {
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

/** How to see the last copy of what is lost, and who can bring it back. */
export const emptiedCure =
  'The servers hold the last copy until they are reloaded: note what they tell, with rlctl fleet status and rlctl policy get ROUTE; compare namespace and redis with theirs: rlctl env show; where it was emptied, ask whoever runs that Redis for its backup';

/** The one command that leads on where nothing can be brought back, as a clause. */
export const orBeginAnew = 'to begin anew on purpose, which drops what they hold: rlctl reload --force';

/** The same as a sentence. */
export const beginAnew = followedBy(null, orBeginAnew);

/** The finding of it. */
function emptiedFinding(stored: { readonly key: string }): Finding {
  return { code: 'STORE_EMPTIED', part: 'overrides', message: emptiedText(stored), hint: emptiedCure };
}

/**
 * The same with what is known of what was there: by its SHA-256 a backup is recognized, and the one command that leads on.
 * `last`: the last reload of a document from here; `null`: not known. `null`: Redis was not emptied, or nothing tells of it.
 */
export function emptiedSince(
  stored: Parameters<typeof isStoreEmptied>[0] & { readonly key: string },
  last: Pick<ReloadRecord, 'at' | 'command' | 'revision'> | null,
): Finding | null {
  if (last === null || !isStoreEmptied(stored, last.revision)) return null;
  const known = `What was reloaded then, at ${last.at} by "${last.command}", has the SHA-256 ${last.revision}: by that a backup of it is known`;
  return { ...emptiedFinding(stored), hint: `${emptiedCure}. ${known}. ${beginAnew}` };
}

/** The finding that what was stored is lost, for the document alone or with all of Redis; `null`: it is not. As `isStoreEmptied`. */
export function lostFinding(
  stored: Parameters<typeof isStoreEmptied>[0] & { readonly key: string; readonly lastEntry: HistoryEntry | null },
  lastRevision: Revision | null,
): Finding | null {
  if (isDocumentGone(stored)) return goneFinding(stored);
  return isStoreEmptied(stored, lastRevision) ? emptiedFinding(stored) : null;
}

/** What to leave alone where nothing is stored, nor known to have been, and servers hold overrides. */
export const notBefore = 'do not reload before it is known where they come from';

/**
 * The finding that nothing is stored, nor known to have been, and servers hold overrides: a reload would take those away,
 * so it is first to be seen where they are stored. `held`: who holds what, in words.
 */
export function unstoredFinding({ key }: { readonly key: string }, held: string): Finding {
  return {
    code: 'OVERRIDES_DIFFER',
    part: 'overrides',
    message: `nothing is stored under ${key}, and ${held}`,
    hint: `${notBefore}: another namespace or database, or the server’s own RATE_LIMIT_POLICY_OVERRIDES_JSON; see: rlctl doctor --only redis`,
  };
}

/** What is said of a document that vanishes by itself; `null`: it does not. `ttlMs`: of its key, milliseconds; `null`: none. */
export function expiresText(ttlMs: number | null): string | null {
  return ttlMs === null
    ? null
    : `the override document expires in ${formatDuration(ttlMs)}: every override goes with it`;
}

/** Which command keeps it. */
export const expiresCure = 'The command that keeps it: rlctl doctor --only redis';

/** The finding that no server can read what is stored. `why`: as the reader says it. */
export function unreadableFinding(why: string): Finding {
  return {
    code: 'DOCUMENT_CORRUPT',
    part: 'overrides',
    message: `no server can read the stored document (${quoteOutside(why)}): the next reload drops every override`,
    hint: 'Restore it with: rlctl override repair; do not reload before',
  };
}
