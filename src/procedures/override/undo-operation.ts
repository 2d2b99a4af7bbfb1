import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { revertEntries } from '../../domain/override/edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { lostError } from '../../domain/override/lost-history.js';
import { metadataBefore } from '../../domain/override/metadata-change.js';
import type { RouteMetadata } from '../../domain/override/metadata.js';
import { documentAt } from '../../domain/override/replay.js';
import type { IsTaken, RevertConflict } from '../../domain/override/reversal.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory, standing } from './recorded.js';

/** What is to be taken back together. */
export interface WayBack {
  /** The command that takes it back, as the history records it: `panic restore`. */
  readonly command: string;
  readonly ifRevision: string | null;
  /** What it is, for people: `panic p-1a2b`. */
  readonly what: string;
  /** What taking it back is itself a part of; absent: nothing. */
  readonly partOf?: readonly OperationRef[];
  /** What to do where somebody changed one of its routes since; absent: to look at the history, and to set it by hand. */
  readonly cure?: string;
}

/** Which changes are to be taken back together. */
export interface OperationToUndo extends WayBack {
  /** True of a change that is one of them. */
  readonly belongs: (entry: HistoryEntry) => boolean;
}

/** Changes that are to be taken back as one. */
export interface TakenBack {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Those of them that the history has, and has as undone from then on. */
  readonly undone: readonly string[];
  /** The document before an entry, where it was replaced as a whole: `null`: no key; `undefined`: nothing leads to it. */
  readonly before: (entry: HistoryEntry) => Uint8Array | null | undefined;
  /** Only these routes of them; absent: all. */
  readonly isTaken?: IsTaken;
}

/**
 * Takes back, as one change, all changes that belong and still stand, newest first: the same inverse as `undo`. A route that
 * somebody changed since is a conflict (5), and nothing is written. Throws a usage error (2) where none of them stands, or
 * the history was removed that would tell.
 */
export function undoOperationIntent(ports: StorePorts, { belongs, ...wanted }: OperationToUndo): ChangeIntent {
  return takeBackIntent(wanted, async (stored) => {
    const newestFirst = await readHistory(ports, () => false);
    const entries = [...standing(newestFirst)].filter(belongs);
    if (entries.length === 0) throw lostError(nothingStandsText(wanted.what), stored) ?? nothingStands(wanted.what);
    const oldestFirst = newestFirst.toReversed();
    return {
      entries,
      undone: entries.map(({ changeId }) => changeId),
      before: (entry) => documentAt(oldestFirst, entry.prev),
    };
  });
}

/** The same of whatever `find` says of a document as it stands; asked again when somebody else was faster. */
export function takeBackIntent(
  { command, ifRevision, what, partOf, cure = usualCure }: WayBack,
  find: (stored: StoredOverrides) => Promise<TakenBack>,
): ChangeIntent {
  let found: Pick<TakenBack, 'entries' | 'undone' | 'isTaken'> = { entries: [], undone: [] };
  return {
    command,
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => found.undone[0] ?? null,
    alsoUndoes: () => found.undone.slice(1),
    restored: () => metadataBeforeAll(found),
    terms: () => (partOf === undefined ? {} : { partOf }),
    edit: async (document, stored): Promise<Edit> => {
      const { before, ...taken } = await find(stored);
      found = taken;
      const { edit, conflicts } = revertEntries(document ?? scanDocument(null), taken.entries, before, taken.isTaken);
      if (conflicts.length > 0) throw cannotUndo(what, taken.entries, { conflicts, cure });
      return edit;
    },
  };
}

const usualCure =
  'Look at "rlctl override history" and set these routes by hand, or undo the later change of them first.';

/** What was known of each route before the oldest of the changes of it that are taken back. */
function metadataBeforeAll({
  entries,
  isTaken = () => true,
}: Pick<TakenBack, 'entries' | 'isTaken'>): ReadonlyMap<string, RouteMetadata | null> {
  return new Map(
    entries.flatMap((entry) =>
      entry.body === null ? [] : [...metadataBefore(entry.body)].filter(([route]) => isTaken(entry, route)),
    ),
  );
}

function nothingStandsText(what: string): string {
  return `${what}: no change of an override still stands that it could take back`;
}

function nothingStands(what: string): RlctlError {
  return new RlctlError('usage', nothingStandsText(what), {
    code: 'NOTHING_TO_UNDO',
    hint: 'See what was recorded with: rlctl override history',
  });
}

/** A conflict with every route that cannot be put back, three ways. */
function cannotUndo(
  what: string,
  entries: readonly HistoryEntry[],
  { conflicts, cure }: { readonly conflicts: readonly RevertConflict[]; readonly cure: string },
): RlctlError {
  const reasons = conflicts.map(({ route, why }) => `${JSON.stringify(route)}: ${why}`);
  return new RlctlError('conflict', `${what} cannot be taken back, ${reasons.join('; ')}; nothing was written`, {
    code: 'UNDO_CONFLICT',
    hint: cure,
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
