import { NoRecord, readRecord, type HistoryRecord } from '../../domain/audit/record.js';
import { lostChange, type LostChange } from '../../domain/override/lost-history.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { isMetadataForeign } from '../../domain/override/metadata-trace.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { isChangedPast } from '../override/inspect.js';
import { newestPages, type AuditPorts } from './pages.js';

export interface LogFilter {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only entries of the last so many milliseconds; `null`: all. */
  readonly sinceMs: number | null;
  /** Only changes by this actor, with or without the host; `null`: all. */
  readonly actor: string | null;
  /** Only changes that touched this route; `null`: all. */
  readonly route: string | null;
}

/** One entry of the stream: rlctl's own, or what somebody else put there, which is shown and not read. */
export type LoggedEntry =
  | { readonly kind: 'own'; readonly entry: HistoryEntry; readonly timeMs: number }
  | { readonly kind: 'foreign'; readonly entryId: string; readonly timeMs: number; readonly why: string };

export interface AuditLog {
  readonly stored: StoredOverrides;
  /** Newest first. */
  readonly entries: readonly LoggedEntry[];
  /** True: the limit cut older ones off. */
  readonly isMore: boolean;
  /** True: somebody changed the document past rlctl, and no entry keeps that yet: the next change will. */
  readonly isForeign: boolean;
  /** The same of the metadata beside the document. */
  readonly isMetadataForeign: boolean;
  /** The last change that is known of where no entry tells of any; `null`: there are entries, or none is known. */
  readonly lost: LostChange | null;
}

/** Reads what was recorded, newest first, and whether there is more to record. */
export async function readLog(ports: AuditPorts, filter: LogFilter): Promise<AuditLog> {
  const read = await ports.store.read(ports.deadline, 'auditor');
  const oldestMs = filter.sinceMs === null ? 0 : read.serverTimeMs - filter.sinceMs;
  const entries: LoggedEntry[] = [];
  const seen: { own: HistoryEntry | null; isEmpty: boolean } = { own: null, isEmpty: true };
  for await (const page of newestPages(ports)) {
    const logged = page.map(loggedEntry);
    seen.isEmpty = false;
    seen.own ??= logged.flatMap((each) => (each.kind === 'own' ? [each.entry] : []))[0] ?? null;
    entries.push(...logged.filter((each) => each.timeMs >= oldestMs && isWanted(each, filter)));
    if (entries.length > filter.limit || logged.some(({ timeMs }) => timeMs < oldestMs)) break;
  }
  // Behind what somebody else put there, the last entry of rlctl is what is stored is compared with.
  const stored = { ...read, lastEntry: read.lastEntry ?? seen.own };
  const isWhole = filter.actor === null && filter.route === null;
  return {
    stored,
    entries: entries.slice(0, filter.limit),
    isMore: entries.length > filter.limit,
    isForeign: isWhole && isChangedPast(stored),
    isMetadataForeign: isWhole && isMetadataForeign(stored),
    lost: seen.isEmpty ? lostChange(stored) : null,
  };
}

function loggedEntry(record: HistoryRecord): LoggedEntry {
  try {
    const { entry } = readRecord(record);
    return { kind: 'own', entry, timeMs: entry.timeMs };
  } catch (error) {
    if (!(error instanceof NoRecord)) throw error;
    const { entryId } = record;
    return { kind: 'foreign', entryId, timeMs: Number(entryId.split('-', 1)[0]), why: error.message };
  }
}

function isWanted(logged: LoggedEntry, { actor, route }: LogFilter): boolean {
  if (logged.kind === 'foreign') return actor === null && route === null;
  const { body } = logged.entry;
  const isBy = actor === null || body?.actor === actor || body?.actor.split('@', 1)[0] === actor;
  return isBy && (route === null || body?.routes.some((each) => each.route === route) === true);
}
