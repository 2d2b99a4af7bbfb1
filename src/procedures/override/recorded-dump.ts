import { NoRecord, readRecord, type HistoryRecord } from '../../domain/audit/record.js';
import { usageError } from '../../domain/errors.js';
import { recordPages, type AuditPorts } from '../audit/pages.js';

/** What stood under the document's key while it was of another type, as DUMP gave it before a change replaced it. */
export interface RecordedDump {
  readonly changeId: string;
  /** What RESTORE takes. */
  readonly bytes: Uint8Array;
}

/** What the change of this id replaced. Throws a usage error where it replaced no key of another type. */
export async function recordedDump(ports: AuditPorts, changeId: string): Promise<RecordedDump> {
  for await (const page of recordPages(ports)) {
    for (const record of page) {
      const bytes = dumpIn(record, changeId);
      if (bytes !== null) return { changeId, bytes };
    }
  }
  throw usageError(
    `the history holds no key of another type that the change "${changeId}" replaced`,
    'Give the id that "rlctl override history" names beside "the key held another type".',
    'DUMP_MISSING',
  );
}

function dumpIn(record: HistoryRecord, changeId: string): Uint8Array | null {
  if (!record.fields.has('dump')) return null;
  try {
    const { entry, dump } = readRecord(record);
    return entry.changeId === changeId ? dump : null;
  } catch (error) {
    // Somebody else's entry is none of ours.
    if (error instanceof NoRecord) return null;
    throw error;
  }
}
