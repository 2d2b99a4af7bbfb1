import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { revertEntries } from '../../domain/override/edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { metadataBefore } from '../../domain/override/metadata-change.js';
import type { RouteMetadata } from '../../domain/override/metadata.js';
import { documentAt } from '../../domain/override/replay.js';
import type { RevertConflict } from '../../domain/override/reversal.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory, standing } from './recorded.js';

/** Which changes are to be taken back together. */
export interface OperationToUndo {
  /** The command that takes them back, as the history records it: `panic restore`. */
  readonly command: string;
  /** True of a change that is one of them. */
  readonly belongs: (entry: HistoryEntry) => boolean;
  readonly ifRevision: string | null;
  /** What they are, for people: `panic p-1a2b`. */
  readonly what: string;
  /** What taking them back is itself a part of; absent: nothing. */
  readonly partOf?: readonly OperationRef[];
}

/**
 * Takes back, as one change, all changes that belong and still stand, newest first: the same inverse as `undo`. A route that
 * somebody changed since is a conflict (5), and nothing is written. Throws a usage error (2) where none of them stands.
 */
export function undoOperationIntent(ports: StorePorts, wanted: OperationToUndo): ChangeIntent {
  const { command, belongs, ifRevision, what, partOf } = wanted;
  const found: { entries: readonly HistoryEntry[] } = { entries: [] };
  return {
    command,
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => found.entries[0]?.changeId ?? null,
    alsoUndoes: () => found.entries.slice(1).map(({ changeId }) => changeId),
    restored: () => metadataBeforeAll(found.entries),
    terms: () => (partOf === undefined ? {} : { partOf }),
    edit: async (document): Promise<Edit> => {
      const newestFirst = await readHistory(ports, () => false);
      found.entries = [...standing(newestFirst)].filter(belongs);
      if (found.entries.length === 0) throw nothingStands(what);
      const oldestFirst = newestFirst.toReversed();
      const before = (entry: HistoryEntry): Uint8Array | null | undefined => documentAt(oldestFirst, entry.prev);
      const { edit, conflicts } = revertEntries(document ?? scanDocument(null), found.entries, before);
      if (conflicts.length > 0) throw cannotUndo(what, found.entries, conflicts);
      return edit;
    },
  };
}

/** What was known of each route before the oldest of the changes that touched it. */
export function metadataBeforeAll(newestFirst: readonly HistoryEntry[]): ReadonlyMap<string, RouteMetadata | null> {
  return new Map(newestFirst.flatMap(({ body }) => (body === null ? [] : [...metadataBefore(body)])));
}

function nothingStands(what: string): RlctlError {
  return new RlctlError('usage', `${what}: no change of an override still stands that it could take back`, {
    code: 'NOTHING_TO_UNDO',
    hint: 'See what was recorded with: rlctl override history',
  });
}

/** A conflict with every route that cannot be put back, three ways. */
export function cannotUndo(
  what: string,
  entries: readonly HistoryEntry[],
  conflicts: readonly RevertConflict[],
): RlctlError {
  const reasons = conflicts.map(({ route, why }) => `${JSON.stringify(route)}: ${why}`);
  return new RlctlError('conflict', `${what} cannot be taken back, ${reasons.join('; ')}; nothing was written`, {
    code: 'UNDO_CONFLICT',
    hint: 'Look at "rlctl override history" and set these routes by hand, or undo the later change of them first.',
    details: {
      changes: entries.map(({ changeId }) => changeId),
      routes: conflicts.map(({ route, expected, found }) => ({
        route,
        base: expected,
        theirs: found,
        mine: beforeOf(entries, route),
      })),
    },
  });
}

/** What stood there before the oldest of the changes; `null`: no entry. */
function beforeOf(newestFirst: readonly HistoryEntry[], route: string): string | null {
  const changes = newestFirst.flatMap(({ body }) => body?.routes.filter((each) => each.route === route) ?? []);
  return changes.at(-1)?.before ?? null;
}
