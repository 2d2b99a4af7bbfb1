import { RlctlError } from '../errors.js';
import { revisionOf, type Revision } from '../revision.js';
import type { HistoryEntry } from './history.js';
import { applySplices, invertSplices } from './splices.js';

/** A document's bytes; `null`: the key did not exist (or held another type). */
type Stored = Uint8Array | null;

const emptyDocument = new Uint8Array([0x7b, 0x7d]);

function broken({ entryId, changeId }: HistoryEntry, why: string): RlctlError {
  return new RlctlError('unexpected', `the history does not fit together at entry ${entryId}: ${why}`, {
    code: 'HISTORY_BROKEN',
    hint: 'Something else wrote to or trimmed the history: run "rlctl override history" to see what is left of it.',
    details: { entryId, changeId },
  });
}

function verified(entry: HistoryEntry, bytes: Stored): Stored {
  if (bytes !== null && revisionOf(bytes) !== entry.next)
    throw broken(entry, 'its bytes are not the revision it names');
  return bytes;
}

/** What a snapshot carries; of a key of another type, and where nothing was stored: `null`. */
function snapshotted(entry: HistoryEntry): Stored {
  return verified(entry, entry.document);
}

/** The document after an entry, given the one before it. */
function advance(entry: HistoryEntry, before: Stored): Stored {
  if (entry.kind === 'snapshot') return snapshotted(entry);
  if (entry.document !== null) return verified(entry, entry.document);
  if (revisionOf(before) !== entry.prev)
    throw broken(entry, 'it was made on another revision than the entry before left');
  if (entry.body?.splices == null) throw broken(entry, 'it replaced the whole document and does not carry it');
  return verified(entry, applySplices(before ?? emptyDocument, entry.body.splices));
}

/** A point from which the document is known: what carries it, and a change made where no key existed. */
function isBase(entry: HistoryEntry): boolean {
  return entry.kind === 'snapshot' || entry.document !== null || entry.prev === 'none';
}

function checkOrder(entry: HistoryEntry, earlier: HistoryEntry | undefined, before: Stored): void {
  if (earlier === undefined) return;
  if (entry.sequence !== earlier.sequence + 1)
    throw broken(entry, `it is number ${entry.sequence} after ${earlier.sequence}`);
  // What stands between two snapshots is rlctl's own; only a snapshot may say that somebody else wrote.
  const mayDiffer = entry.kind === 'snapshot' && entry.snapshotOf !== 'periodic';
  if (!mayDiffer && entry.prev !== revisionOf(before)) throw broken(entry, 'it does not follow from the entry before');
}

/**
 * The document after the last entry, rebuilt from the entries alone, oldest first; `null`: the key did not exist then. The
 * first entry has to be a snapshot, carry the document, or have been made where no key existed. Throws `HISTORY_BROKEN` where
 * a revision, a sequence number or a splice does not fit. The hash chain over the stored text is the store's to check.
 */
export function replay(entries: readonly HistoryEntry[]): Uint8Array | null {
  let bytes: Stored = null;
  for (const [index, entry] of entries.entries()) {
    if (index === 0 && !isBase(entry)) throw broken(entry, 'nothing before it says what the document was');
    checkOrder(entry, entries[index - 1], bytes);
    bytes = advance(entry, bytes);
  }
  return bytes;
}

/** Walks back from the document before `entries[last + 1]`, or the first base, to one of this revision. */
function findBackwards(entries: readonly HistoryEntry[], revision: Revision): Stored | undefined {
  const base = entries.findIndex(isBase);
  const first = entries[base];
  let bytes: Stored | undefined =
    first?.kind === 'snapshot' && first.snapshotOf !== 'foreign' ? first.document : undefined;
  for (let index = base - 1; index >= 0 && bytes != null; index -= 1) {
    const entry = entries[index];
    if (entry?.body?.splices == null || revisionOf(bytes) !== entry.next) return undefined;
    bytes = applySplices(bytes, invertSplices(entry.body.splices));
    if (entry.prev === revision && revisionOf(bytes) === revision) return bytes;
  }
  return undefined;
}

/**
 * The document of a revision, rebuilt from the entries, oldest first. `null`: the revision `none`, no key. `undefined`: the
 * entries do not lead to it. Entries before the first that carries a document are reached backwards from there.
 */
export function documentAt(entries: readonly HistoryEntry[], revision: Revision): Uint8Array | null | undefined {
  if (revision === 'none') return null;
  let bytes: Stored | undefined;
  for (const entry of entries) {
    if (isBase(entry)) bytes = advance(entry, null);
    else if (bytes !== undefined) bytes = advance(entry, bytes);
    if (bytes != null && entry.next === revision) return bytes;
  }
  return findBackwards(entries, revision);
}
