import { endLine, recordLine } from '../../domain/audit/export.js';
import type { AuditHead } from '../../domain/audit/finding.js';
import { NoRecord, readRecord, type HistoryRecord } from '../../domain/audit/record.js';
import { RlctlError } from '../../domain/errors.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { isChangedPast } from '../override/inspect.js';
import type { OnStep } from '../step.js';
import { recordPages, type AuditPorts } from './pages.js';

/** What was exported. */
export interface Exported {
  readonly key: string;
  readonly records: number;
  /** The last record; `null`: there is none. */
  readonly head: AuditHead | null;
}

export interface ExportInput {
  readonly environment: string;
  /** Only the last so many milliseconds, and back from there to a snapshot, so that it can be replayed; `null`: all. */
  readonly sinceMs: number | null;
}

/**
 * Hands the whole history over, oldest first, line by line as JSON objects, an end after them. Holds a page at a time.
 * Throws `unreachable` where the history was trimmed faster than it could be read.
 */
export async function exportHistory(
  ports: AuditPorts,
  input: ExportInput,
  write: (lines: readonly object[]) => Promise<void>,
  onStep?: OnStep,
): Promise<Exported> {
  const { serverTimeMs } = await ports.store.read(ports.deadline, 'auditor');
  const sieve = new Sieve(input.sinceMs === null ? null : serverTimeMs - input.sinceMs);
  const state = { records: 0, last: null as HistoryEntry | null, seen: null as HistoryRecord | null };
  for await (const page of recordPages(ports)) {
    await assertNoGap(ports, state.seen, page);
    state.seen = page.at(-1) ?? state.seen;
    const kept = page.flatMap((record) => sieve.take(record));
    for (const record of kept) state.last = lastAfter(record, state.last);
    state.records += kept.length;
    if (kept.length > 0) await write(kept.map(recordLine));
    onStep?.(`exporting the history: ${state.records} entries`);
  }
  const stored = await ports.store.read(ports.deadline, 'auditor');
  const head = state.last && { sequence: state.last.sequence, chain: state.last.chain };
  await write([
    endLine({
      environment: input.environment,
      key: stored.key,
      time: new Date(stored.serverTimeMs).toISOString(),
      records: state.records,
      head,
      revision: stored.revision,
      isForeign: isChangedPast({ ...stored, lastEntry: stored.lastEntry ?? state.last }),
    }),
  ]);
  return { key: stored.key, records: state.records, head };
}

/** Holds back what is too old until something of it is needed: everything from the last snapshot on. */
class Sieve {
  #held: HistoryRecord[] = [];
  #isOpen: boolean;

  constructor(readonly oldestMs: number | null) {
    this.#isOpen = oldestMs === null;
  }

  take(record: HistoryRecord): readonly HistoryRecord[] {
    if (this.#isOpen) return [record];
    const isSnapshot = Buffer.from(record.fields.get('kind') ?? []).toString('latin1') === 'snapshot';
    if (Number(record.entryId.split('-', 1)[0]) >= (this.oldestMs ?? 0)) {
      this.#isOpen = true;
      return isSnapshot ? [record] : [...this.#held, record];
    }
    this.#held = isSnapshot ? [record] : [...this.#held, record];
    return [];
  }
}

/** Where the history goes on with another number than the next, and by now begins behind what was read, it was trimmed. */
async function assertNoGap(
  { store, deadline }: AuditPorts,
  seen: HistoryRecord | null,
  page: readonly HistoryRecord[],
): Promise<void> {
  const [first] = page;
  if (seen === null || first === undefined || numberOf(first) === numberOf(seen) + 1) return;
  const [oldest] = await store.records({ limit: 1 }, deadline);
  if (oldest === undefined || numberOf(oldest) <= numberOf(seen)) return;
  throw new RlctlError('unreachable', 'the history was trimmed while it was exported, so the export would have a gap', {
    code: 'HISTORY_TRIMMED',
    hint: 'Run the command again.',
  });
}

function numberOf({ fields }: HistoryRecord): number {
  return Number(Buffer.from(fields.get('seq') ?? []).toString('latin1'));
}

/** The last entry with a record more; what rlctl did not write counts for nothing. */
function lastAfter(record: HistoryRecord, before: HistoryEntry | null): HistoryEntry | null {
  try {
    return readRecord(record).entry;
  } catch (error) {
    if (error instanceof NoRecord) return before;
    throw error;
  }
}
