import type { HistoryEntry } from '../../domain/override/history.js';
import { isMetadataForeign } from '../../domain/override/metadata-trace.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { isChangedPast } from '../override/inspect.js';
import { entryPages, type AuditPorts } from './pages.js';

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

export interface AuditLog {
  readonly stored: StoredOverrides;
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** True: the limit cut older ones off. */
  readonly isMore: boolean;
  /** True: somebody changed the document past rlctl, and no entry keeps that yet: the next change will. */
  readonly isForeign: boolean;
  /** The same of the metadata beside the document. */
  readonly isMetadataForeign: boolean;
}

/** Reads what was recorded, newest first, and whether there is more to record. */
export async function readLog(ports: AuditPorts, filter: LogFilter): Promise<AuditLog> {
  const stored = await ports.store.read(ports.deadline);
  const oldestMs = filter.sinceMs === null ? 0 : stored.serverTimeMs - filter.sinceMs;
  const entries: HistoryEntry[] = [];
  for await (const page of entryPages(ports)) {
    entries.push(...page.filter((entry) => entry.timeMs >= oldestMs && isWanted(entry, filter)));
    if (entries.length > filter.limit || page.some(({ timeMs }) => timeMs < oldestMs)) break;
  }
  const isWhole = filter.actor === null && filter.route === null;
  return {
    stored,
    entries: entries.slice(0, filter.limit),
    isMore: entries.length > filter.limit,
    isForeign: isWhole && isChangedPast(stored),
    isMetadataForeign: isWhole && isMetadataForeign(stored),
  };
}

function isWanted({ body }: HistoryEntry, { actor, route }: LogFilter): boolean {
  const isBy = actor === null || body?.actor === actor || body?.actor.split('@', 1)[0] === actor;
  return isBy && (route === null || body?.routes.some((each) => each.route === route) === true);
}
