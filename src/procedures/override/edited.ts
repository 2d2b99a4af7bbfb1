import { RlctlError } from '../../domain/errors.js';
import { diffDocuments } from '../../domain/override/diff.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import type { RouteChange } from '../../domain/override/history.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import { reconcile, type WantedEntry } from '../../domain/override/reconcile.js';
import type { FileEntry } from '../../domain/overrides-file/read-file.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { managedRemarks } from './declared.js';
import { rawOf, type ChangeIntent } from './plan.js';

/** What somebody made of a dump. */
export interface EditedFile {
  /** What was dumped. */
  readonly base: StoredOverrides;
  /** The prefixes that the dump held: of these, those missing in `entries` go. */
  readonly dumped: ReadonlySet<string>;
  readonly entries: readonly FileEntry[];
  readonly ifRevision: string | null;
}

/** A change that somebody made in an editor. */
export interface EditIntent extends ChangeIntent {
  /** True: nothing that means anything was edited. */
  readonly isEmpty: boolean;
}

/**
 * Puts an edited dump into force: what was changed in it, and no more. What others changed since is kept. Throws a
 * conflict where somebody changed a route that was edited, with base (what was dumped), theirs and mine.
 */
export function editIntent({ base, dumped, entries, ifRevision }: EditedFile): EditIntent {
  const found: { remarks: readonly string[] } = { remarks: [] };
  const before = scanDocument(base.bytes);
  const named = new Set(entries.map(({ prefix }) => prefix));
  const isRemoved = (prefix: string): boolean => dumped.has(prefix) && !named.has(prefix);
  const mine = reconcile(before, entries, isRemoved);
  return {
    isEmpty: mine.changes.length === 0,
    command: 'override edit',
    routes: [],
    // A dump holds everything: an end is said of what was edited in it, not of all else.
    fileRoutes: mine.changes.map(({ route }) => route),
    isForced: false,
    ifRevision,
    undoes: () => null,
    remarks: () => found.remarks,
    edit: (current, stored) => {
      const document = current ?? scanDocument(null);
      assertUntouched(mine.changes, before, document, stored);
      found.remarks = managedRemarks(mine.changes, parseMetadata(stored.metadata).routes);
      if (stored.revision === base.revision) return mine;
      return merged(document, before, mine, entries, isRemoved);
    },
  };
}

function assertUntouched(
  changes: readonly RouteChange[],
  before: OverrideDocument,
  document: OverrideDocument,
  stored: StoredOverrides,
): void {
  const touched = changes.filter(({ route }) => rawOf(document, route) !== rawOf(before, route));
  if (touched.length === 0) return;
  const by = stored.lastEntry?.next === stored.revision ? stored.lastEntry.body?.actor : undefined;
  const routes = touched.map(({ route }) => JSON.stringify(route)).join(', ');
  throw new RlctlError(
    'conflict',
    `${routes} ${touched.length === 1 ? 'was' : 'were'} changed by ${by ?? 'somebody who did not use rlctl'} while you edited; nothing was written`,
    {
      code: 'CONFLICT',
      hint: 'Look at "rlctl override history", then decide again on what is stored now.',
      details: {
        revision: stored.revision,
        routes: touched.map(({ route, before: base, after }) => ({
          route,
          base,
          theirs: rawOf(document, route),
          mine: after,
        })),
      },
    },
  );
}

/** The edit on a document that others changed elsewhere: their values stay, and their order where mine is the dump's. */
function merged(
  document: OverrideDocument,
  before: OverrideDocument,
  mine: Edit,
  entries: readonly FileEntry[],
  isRemoved: (prefix: string) => boolean,
): Edit {
  const changed = new Set(mine.changes.map(({ route }) => route));
  const wanted = entries.flatMap((entry): WantedEntry[] => {
    if (changed.has(entry.prefix)) return [entry];
    const theirs = rawOf(document, entry.prefix);
    return theirs === null ? [] : [{ prefix: entry.prefix, raw: theirs, isExact: true }];
  });
  const isMoving = diffDocuments(before, scanDocument(mine.next)).some(({ isMoved }) => isMoved);
  return reconcile(document, isMoving ? wanted : inTheirOrder(document, wanted), isRemoved);
}

/** Entries that are there in the document's order, each followed by the new ones that stand after it. */
function inTheirOrder(document: OverrideDocument, wanted: readonly WantedEntry[]): readonly WantedEntry[] {
  const groups: { readonly index: number; readonly entries: WantedEntry[] }[] = [{ index: -1, entries: [] }];
  for (const entry of wanted) {
    const member = document.byKey.get(entry.prefix);
    if (member === undefined) groups.at(-1)?.entries.push(entry);
    else groups.push({ index: member.index, entries: [entry] });
  }
  return groups.toSorted((left, right) => left.index - right.index).flatMap((group) => group.entries);
}
