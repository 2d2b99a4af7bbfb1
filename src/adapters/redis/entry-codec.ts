import { NoRecord, readRecord } from '../../domain/audit/record.js';
import { RlctlError } from '../../domain/errors.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import type { ReplyValue } from './link-types.js';

/** A stream entry with its fields still raw; values of a foreign writer may be anything. */
export interface RawEntry {
  readonly entryId: string;
  readonly fields: ReadonlyMap<string, Buffer>;
}

/** An XRANGE or XREVRANGE reply, entry by entry. */
export function rawEntries(reply: ReplyValue): RawEntry[] {
  if (!Array.isArray(reply)) return [];
  return (reply as readonly (readonly [Buffer, readonly Buffer[] | null])[]).map(rawEntry);
}

function rawEntry([id, flat]: readonly [Buffer, readonly Buffer[] | null]): RawEntry {
  const fields = new Map<string, Buffer>();
  for (let index = 0; index + 1 < (flat?.length ?? 0); index += 2) {
    const [name, value] = [flat?.[index], flat?.[index + 1]];
    if (name && value) fields.set(name.toString('utf8'), value);
  }
  return { entryId: id.toString('latin1'), fields };
}

/** The entry; `null`: it is not of this program's making. */
export function ownEntry(raw: RawEntry): HistoryEntry | null {
  try {
    return readRecord(raw).entry;
  } catch (error) {
    if (error instanceof NoRecord) return null;
    throw error;
  }
}

/** Throws `guard/HISTORY_CORRUPT` for an entry that is not of this program's making: nothing is read into it. */
export function decodeEntry(raw: RawEntry, key: string): HistoryEntry {
  try {
    return readRecord(raw).entry;
  } catch (error) {
    if (error instanceof NoRecord) throw corrupt(raw, key, error.message);
    throw error;
  }
}

function corrupt(raw: RawEntry, key: string, why: string): RlctlError {
  return new RlctlError('guard', `the history entry ${raw.entryId} in the Redis key "${key}" cannot be read: ${why}`, {
    code: 'HISTORY_CORRUPT',
    hint: `Look at it, keep a copy, and remove it: redis-cli XRANGE '${key}' ${raw.entryId} ${raw.entryId}, then redis-cli XDEL '${key}' ${raw.entryId}.`,
  });
}
