import { usageError } from '../../domain/errors.js';
import { lostError } from '../../domain/override/lost-history.js';
import type { Revision } from '../../domain/revision.js';
import { emptiedError, type OnceStored } from './lost-document.js';
import type { StorePorts } from './plan.js';
import { bytesOfRevision, readHistory } from './recorded.js';

/** One revision of the override document, to the byte. */
export interface RecordedDocument {
  readonly revision: Revision;
  /** Every byte, readable or not. */
  readonly bytes: Uint8Array;
}

/**
 * The document of a revision (8 hex digits or more), or as a change (its id) left it: what is stored now, else from the
 * history. Bytes that somebody left past rlctl are there like any other. Throws a usage error where nothing leads to it.
 */
export async function recordedDocument(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  wanted: string,
  once: OnceStored,
): Promise<RecordedDocument> {
  const [stored, newestFirst] = await Promise.all([ports.store.read(ports.deadline), readHistory(ports, () => false)]);
  const change = newestFirst.find(({ kind, changeId }) => kind === 'change' && changeId === wanted);
  const names = (revision: Revision): boolean =>
    change === undefined ? isPrefix(wanted) && revision.startsWith(wanted) : revision === change.next;
  if (stored.bytes !== null && names(stored.revision)) return { revision: stored.revision, bytes: stored.bytes };
  const revision = newestFirst.flatMap(({ next, prev }) => [next, prev]).find(names);
  const bytes = revision === undefined ? undefined : bytesOfRevision(newestFirst, revision);
  if (revision !== undefined && bytes != null) return { revision, bytes };
  const what = noDocumentText(wanted);
  throw lostError(what, stored) ?? (await emptiedError(what, stored, once)) ?? notRecorded(wanted, bytes === null);
}

function isPrefix(wanted: string): boolean {
  return /^[0-9a-f]{8,64}$/.test(wanted);
}

function noDocumentText(wanted: string): string {
  return `there is no document of "${wanted}"`;
}

function notRecorded(wanted: string, isNoDocument: boolean): Error {
  const why = isNoDocument ? 'it was no document' : 'it is not stored, and the history does not lead to it';
  return usageError(
    `${noDocumentText(wanted)}: ${why}`,
    'Give a change id, or at least 8 hex digits of a revision, as "rlctl override history" prints them.',
    'REVISION_MISSING',
  );
}
