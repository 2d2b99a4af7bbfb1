import type { HistoryRecord } from '../../domain/audit/record.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore } from '../../ports/override-store.js';

/** What reading a long history needs. */
export interface AuditPorts {
  readonly store: OverrideStore;
  readonly clock: Clock;
  /** It holds for a short history as a whole, for a long one for each full page: as long as they come, it is read on. */
  readonly deadline: Deadline & { extend(ms: number): void };
}

/** How much is held at once, bytes; a page is one entry at least. */
const wantedBytes = 4 * 1024 * 1024;
const firstPage = 10;
const largestPage = 1000;

/** The history exactly as stored, oldest first, page by page: no more than a few MiB are held, however large documents are. */
export async function* recordPages(ports: AuditPorts): AsyncGenerator<readonly HistoryRecord[]> {
  yield* pages(
    ports,
    (limit, last) => ports.store.records({ limit, ...(last === null ? {} : { after: last }) }, ports.deadline),
    sizeOfRecord,
  );
}

/** The same newest first. */
export async function* newestPages(ports: AuditPorts): AsyncGenerator<readonly HistoryRecord[]> {
  yield* pages(
    ports,
    (limit, last) => ports.store.newestRecords({ limit, ...(last === null ? {} : { before: last }) }, ports.deadline),
    sizeOfRecord,
  );
}

function sizeOfRecord({ fields }: HistoryRecord): number {
  return [...fields.values()].reduce((sum, value) => sum + value.length, 0);
}

async function* pages<Item extends { readonly entryId: string }>(
  { clock, deadline }: AuditPorts,
  read: (limit: number, last: string | null) => Promise<readonly Item[]>,
  sizeOf: (item: Item) => number,
): AsyncGenerator<readonly Item[]> {
  for (let limit = firstPage, last: string | null = null; ;) {
    const startedMs = clock.monotonicMs();
    const page = await read(limit, last);
    const readMs = clock.monotonicMs() - startedMs;
    const end = page.at(-1);
    if (end === undefined) return;
    yield page;
    if (page.length < limit) return;
    last = end.entryId;
    const average = page.reduce((sum, item) => sum + sizeOf(item), 0) / page.length;
    const next = Math.max(1, Math.min(largestPage, limit * 4, Math.floor(wantedBytes / average)));
    // While pages still grow, little was read, and whoever set a deadline means it; what a slow reader took is never counted.
    deadline.extend(clock.monotonicMs() - startedMs - (next > limit ? readMs : 0));
    limit = next;
  }
}
