import type { DocumentKeys } from './attempt.js';
import type { Budget } from './budget.js';
import { rawEntries, type RawEntry } from './entry-codec.js';
import type { RedisLink } from './link.js';
import { timeMs, valueOf } from './read-state.js';

const pageSize = 100;

export interface FoundChange {
  /** The entry of the change; `null`: it had not been written when the server's clock showed `serverTimeMs`. */
  readonly entryId: string | null;
  readonly serverTimeMs: number;
}

/**
 * Looks for a change by its id in everything the history got since `sinceMs`. The server's time is read before the history:
 * past the fence it then proves that what is absent will not come any more.
 */
export async function findChange(
  link: RedisLink,
  keys: DocumentKeys,
  changeId: string,
  sinceMs: number,
  budget: Budget,
): Promise<FoundChange> {
  const [time, first] = await link.run([['TIME'], pageOf(keys.history, '+', sinceMs)], budget);
  const serverTimeMs = timeMs(valueOf(time));
  for (let page = rawEntries(valueOf(first)); ;) {
    const entry = page.find((each) => isChange(each, changeId));
    if (entry) return { entryId: entry.entryId, serverTimeMs };
    const last = page.at(-1);
    if (!last || page.length < pageSize) return { entryId: null, serverTimeMs };
    const [reply] = await link.run([pageOf(keys.history, `(${last.entryId}`, sinceMs)], budget);
    page = rawEntries(valueOf(reply));
  }
}

function pageOf(key: string, from: string, sinceMs: number): readonly [string, ...string[]] {
  return ['XREVRANGE', key, from, String(sinceMs), 'COUNT', String(pageSize)];
}

function isChange(entry: RawEntry, changeId: string): boolean {
  return entry.fields.get('kind')?.toString() === 'change' && entry.fields.get('id')?.toString() === changeId;
}
