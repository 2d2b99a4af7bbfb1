import { usageError } from '../errors.js';
import { diffDocuments } from './diff.js';
import { findMember, rawValue, scanDocument, type OverrideDocument } from './document.js';
import type { OverridePatch } from './entry.js';
import { addEntry, changeEntry, noEdit, removeEntry } from './entry-edit.js';
import type { HistoryEntry, RouteChange, Splice } from './history.js';
import { newValue, patchedValue } from './patch.js';
import { automaticIndex, neighboursOf } from './placement.js';
import { Reversal, type DocumentBefore, type IsTaken, type RevertConflict, type RouteReversal } from './reversal.js';

/** Where an entry is to stand. `auto`: an existing one stays, a new one goes before the first that would hide it, else last. */
export type Placement = { readonly kind: 'auto' } | { readonly kind: 'before' | 'after'; readonly prefix: string };

/** A change computed on a document, and not yet made. */
export interface Edit {
  /** The bytes after. */
  readonly next: Uint8Array;
  /** In order, from the bytes before to `next`; `null`: the document is replaced as a whole. */
  readonly splices: readonly Splice[] | null;
  /** What it does, route by route; empty: there is nothing to write. */
  readonly changes: readonly RouteChange[];
}

/** A reversion computed and not yet made. */
export interface Reversion {
  /** Everything that could be put back; with conflicts, whether to write it is the caller's decision. */
  readonly edit: Edit;
  readonly conflicts: readonly RevertConflict[];
}

/**
 * The position before which the entry is to stand, counted in the document as it is; the number of members: last. Throws a
 * usage error where the placement names the route itself or a prefix that is not there.
 */
function insertionIndex(document: OverrideDocument, route: string, placement: Placement): number {
  if (placement.kind === 'auto') return automaticIndex(document, route);
  const flag = `--${placement.kind}`;
  const shown = JSON.stringify(placement.prefix);
  if (placement.prefix === route) {
    throw usageError(`${flag} ${shown} is the route itself`, `Name another prefix after ${flag}, or leave it out.`);
  }
  const anchor = document.byKey.get(placement.prefix);
  if (anchor === undefined) {
    throw usageError(
      `${flag} ${shown}: the document holds no such prefix`,
      'Run "rlctl override list" to see the prefixes in their order.',
    );
  }
  return placement.kind === 'before' ? anchor.index : anchor.index + 1;
}

/**
 * Sets the named fields of a route's entry; every other byte of the document stays. An existing entry keeps its place unless
 * the placement is explicit; a new one goes where the placement says. A value that is no object, or that the server would
 * still skip after the patch, is replaced as a whole (the change's before and after show it). Setting what already holds
 * with the same strict types gives no change. An explicit placement may leave the entry hidden: ask `hidingPrefix`.
 *
 * Throws a usage error where no field is named (unless an existing entry is only moved), and where the placement names a
 * prefix that is not there, or the route itself.
 */
export function setOverride(
  document: OverrideDocument,
  route: string,
  patch: OverridePatch,
  placement: Placement = { kind: 'auto' },
): Edit {
  const member = findMember(document, route);
  const index = insertionIndex(document, route, placement);
  const namesNothing = Object.values(patch).every((value) => value === undefined);
  if (namesNothing && (member === undefined || placement.kind === 'auto')) {
    throw usageError(
      `no field is named for ${JSON.stringify(route)}`,
      'Name at least one of --rate, --burst, --window, --shadow, --no-shadow.',
    );
  }
  if (member === undefined) return addEntry(document, route, newValue(document, index, patch), index);
  const raw = namesNothing ? rawValue(document, member) : patchedValue(document, member, patch);
  return changeEntry(document, member, raw, placement.kind === 'auto' ? null : index);
}

/** Removes a route's entry together with its separator. A route that has none: no change. */
export function unsetOverride(document: OverrideDocument, route: string): Edit {
  const member = findMember(document, route);
  return member === undefined ? noEdit(document) : removeEntry(document, member);
}

/**
 * What lies between two documents, route by route. `named`: the routes meant to change, so that of two entries that changed
 * places these count as the ones that moved.
 */
function changesBetween(
  before: OverrideDocument,
  after: OverrideDocument,
  named?: ReadonlySet<string>,
): readonly RouteChange[] {
  return diffDocuments(before, after, named).map(({ route, before: rawBefore, after: rawAfter }) => {
    const old = findMember(before, route);
    const neighbours =
      old !== undefined ? neighboursOf(before, old) : neighboursOf(after, findMember(after, route) ?? { index: 0 });
    return { route, before: rawBefore, after: rawAfter, ...neighbours };
  });
}

/**
 * Replaces the document as a whole (repair, --force). `before`: the document as it stood; `null`: it could not be read, and
 * then every entry of `next` counts as added. `splices` is null, so the history has to carry the bytes. Throws what
 * scanDocument throws where `next` is no sound document.
 *
 * `changes` can be empty although the bytes differ: where only whitespace changed, or an unreadable document becomes `{}`.
 */
export function replaceDocument(before: OverrideDocument | null, next: Uint8Array): Edit {
  return { next, splices: null, changes: changesBetween(before ?? scanDocument(null), scanDocument(next)) };
}

/**
 * Takes changes back, newest first: the one three-way inverse behind undo, expiry, restore and abort. While the document is
 * still what a change left, its splices are inverted and the exact bytes come back. After somebody else's change it works
 * route by route: a route that still holds what the change wrote (whitespace aside) gets its old value and, if the change
 * removed or moved it, its old place; one that already is as it was before is left; any other is a conflict.
 *
 * A change that replaced the whole document is taken back only while the document is untouched, and from what
 * `documentBefore` gives (its revision is checked). Snapshots in the list are passed over. Throws `HISTORY_BROKEN` where an
 * entry's splices do not lead back to the revision it names. `isTaken`: only these routes of them; absent: all.
 */
export function revertEntries(
  document: OverrideDocument,
  entries: readonly HistoryEntry[],
  documentBefore: DocumentBefore = () => null,
  isTaken?: IsTaken,
): Reversion {
  const reversal = new Reversal(document, documentBefore, isTaken);
  for (const entry of entries) reversal.revert(entry);
  return reversionOf(document, reversal);
}

/**
 * The same inverse for single routes, in this order: what the end of a temporary change restores, and what is known
 * without the entry of the change that wrote it.
 */
export function revertRoutes(document: OverrideDocument, routes: readonly RouteReversal[]): Reversion {
  const reversal = new Reversal(document, () => null);
  reversal.revertRoutes(routes);
  return reversionOf(document, reversal);
}

function reversionOf(document: OverrideDocument, reversal: Reversal): Reversion {
  const { bytes: next, splices, conflicts, touched } = reversal;
  if (next === document.bytes) return { edit: noEdit(document), conflicts };
  return { edit: { next, splices, changes: changesBetween(document, scanDocument(next), touched) }, conflicts };
}
