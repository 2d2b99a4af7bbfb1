import { RlctlError } from '../errors.js';
import { isSameJson } from '../json.js';
import { revisionOf } from '../revision.js';
import { findMember, rawValue, scanDocument, type OverrideDocument } from './document.js';
import { addEntry, changeEntry, removeEntry, type SplicedEdit } from './entry-edit.js';
import type { HistoryEntry, RouteChange, Splice } from './history.js';
import { automaticIndex } from './placement.js';
import { applySplices, invertSplices, removedKeys } from './splices.js';

/** A route that cannot be put back. */
export interface RevertConflict {
  /** The route; `(document)` where the document as a whole cannot be put back. */
  readonly route: string;
  /** What the change left there (raw JSON text); `null`: no entry. */
  readonly expected: string | null;
  /** What stands there now; `null`: no entry. */
  readonly found: string | null;
  /** A sentence. */
  readonly why: string;
}

/** The document as it stood before an entry that replaced it as a whole; `null`: not at hand. */
export type DocumentBefore = (entry: HistoryEntry) => Uint8Array | null | undefined;

/** Whether a route of an entry is to be taken back; all of them where nothing else is said. */
export type IsTaken = (entry: HistoryEntry, route: string) => boolean;

/** What is to become of one route: from what was written back to what stood before. */
export interface RouteReversal {
  readonly route: string;
  /** What the change left there (raw JSON text); `null`: no entry. */
  readonly wrote: string | null;
  /** What stood there before; `null`: no entry. */
  readonly before: string | null;
  /** The keys that stood beside it then; `null`: none. */
  readonly previous: string | null;
  readonly next: string | null;
  /** True: its place changed too. */
  readonly isMoved: boolean;
}

/** Where a restored entry goes: after its old predecessor, else before its old successor, else where nothing hides it. */
function restoredIndex(document: OverrideDocument, { route, previous, next }: RouteReversal): number {
  const predecessor = previous === null ? undefined : findMember(document, previous);
  if (predecessor !== undefined) return predecessor.index + 1;
  const successor = next === null ? undefined : findMember(document, next);
  return successor?.index ?? automaticIndex(document, route);
}

/** The edit that puts one route back; `null`: it already is as it was. */
function routeEdit(document: OverrideDocument, reversal: RouteReversal): SplicedEdit | null {
  const { route, before, isMoved } = reversal;
  const member = findMember(document, route);
  if (before === null) return member === undefined ? null : removeEntry(document, member);
  const index = restoredIndex(document, reversal);
  if (member === undefined) return addEntry(document, route, before, index);
  return changeEntry(document, member, before, isMoved ? index : null);
}

/**
 * Takes one route back, three ways: where it still holds what was written (whitespace aside) it gets its old value, and its
 * old place if it was removed or moved; where it already is as it was, nothing happens; anything else is a conflict.
 */
function reverted(document: OverrideDocument, reversal: RouteReversal): SplicedEdit | RevertConflict | null {
  const { route, wrote, before } = reversal;
  const member = findMember(document, route);
  const found = member === undefined ? null : rawValue(document, member);
  if (isSameJson(found, wrote)) return routeEdit(document, reversal);
  if (isSameJson(found, before)) return null;
  return { route, expected: wrote, found, why: 'it no longer holds what the change wrote' };
}

/** Takes changes back one by one, newest first, and keeps count of what became of them. */
export class Reversal {
  readonly conflicts: RevertConflict[] = [];
  readonly touched = new Set<string>();
  #bytes: Uint8Array;
  #splices: Splice[] | null = [];

  constructor(
    readonly original: OverrideDocument,
    readonly documentBefore: DocumentBefore,
    readonly isTaken: IsTaken = () => true,
  ) {
    this.#bytes = original.bytes;
  }

  /** The bytes reached so far. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** From the original bytes to these; `null`: the document was replaced as a whole. */
  get splices(): readonly Splice[] | null {
    return this.#splices;
  }

  /** Takes one change back as far as it can be; a snapshot is passed over. */
  revert(entry: HistoryEntry): void {
    if (entry.body === null) return;
    const taken = entry.body.routes.filter(({ route }) => this.isTaken(entry, route));
    const isWhole = taken.length === entry.body.routes.length;
    for (const { route } of taken) this.touched.add(route);
    const isUntouched = revisionOf(this.#bytes) === entry.next;
    if (entry.body.splices === null) this.#replaceWhole(entry, isUntouched);
    else if (isUntouched && isWhole) this.#invert(entry, entry.body.splices);
    else this.#revertRoutes(taken, entry.body.splices);
  }

  #apply(splices: readonly Splice[]): void {
    this.#bytes = applySplices(this.#bytes, splices);
    this.#splices?.push(...splices);
  }

  #invert(entry: HistoryEntry, splices: readonly Splice[]): void {
    this.#apply(invertSplices(splices));
    if (entry.prev !== 'none' && revisionOf(this.#bytes) !== entry.prev) {
      throw new RlctlError('unexpected', `change ${entry.changeId} does not lead back to the revision it names`, {
        code: 'HISTORY_BROKEN',
        hint: 'The history was altered by something else: run "rlctl override history", and "rlctl override repair" to pick a document.',
        details: { changeId: entry.changeId, entryId: entry.entryId },
      });
    }
  }

  #revertRoutes(routes: readonly RouteChange[], splices: readonly Splice[]): void {
    const removed = removedKeys(splices);
    this.revertRoutes(
      routes
        .toReversed()
        .map(({ after: wrote, ...change }) => ({ ...change, wrote, isMoved: removed.has(change.route) })),
    );
  }

  /**
   * Takes routes back in this order, as far as they can be; those that keep their place or only go come last, all at once,
   * because each of the others needs the document scanned anew.
   */
  revertRoutes(reversals: readonly RouteReversal[]): void {
    const isOnce = new Set(reversals.map(({ route }) => route)).size === reversals.length;
    const isInPlace = ({ wrote, isMoved }: RouteReversal): boolean => isOnce && wrote !== null && !isMoved;
    for (const reversal of reversals) if (!isInPlace(reversal)) this.#revertRoute(reversal);
    this.#revertInPlace(reversals.filter(isInPlace));
  }

  #revertInPlace(reversals: readonly RouteReversal[]): void {
    const document = this.#document();
    // What removes the last entry reaches back to the one before it, which may go too.
    const isLast = ({ route }: RouteReversal): boolean => document.members.at(-1)?.key === route;
    const outcomes = reversals.filter((each) => !isLast(each)).map((each) => reverted(document, each));
    const splices = outcomes.flatMap((outcome) => (outcome !== null && 'splices' in outcome ? outcome.splices : []));
    for (const { route } of reversals) this.touched.add(route);
    for (const outcome of outcomes) if (outcome !== null && 'why' in outcome) this.conflicts.push(outcome);
    // From the end, so that the offsets stay those of the scanned document.
    this.#apply(splices.toSorted((a, b) => b.at - a.at));
    for (const reversal of reversals.filter(isLast)) this.#revertRoute(reversal);
  }

  #document(): OverrideDocument {
    return this.#bytes === this.original.bytes ? this.original : scanDocument(this.#bytes);
  }

  #revertRoute(reversal: RouteReversal): void {
    this.touched.add(reversal.route);
    const document = this.#document();
    const outcome = reverted(document, reversal);
    if (outcome === null) return;
    if ('why' in outcome) this.conflicts.push(outcome);
    else this.#apply(outcome.splices);
  }

  #replaceWhole(entry: HistoryEntry, isUntouched: boolean): void {
    const earlier = entry.prev === 'none' ? scanDocument(null).bytes : this.documentBefore(entry);
    const why = this.#obstacle(entry, isUntouched, earlier);
    if (why !== null || earlier == null) {
      const found = revisionOf(this.#bytes);
      this.conflicts.push({ route: '(document)', expected: entry.next, found, why: why ?? '' });
      return;
    }
    this.#bytes = earlier;
    this.#splices = null;
  }

  #obstacle(entry: HistoryEntry, isUntouched: boolean, earlier: Uint8Array | null | undefined): string | null {
    if (!isUntouched) return 'the change replaced the document as a whole, and the document changed since';
    if (earlier == null || (entry.prev !== 'none' && revisionOf(earlier) !== entry.prev)) {
      return 'the change replaced the document as a whole, and what stood before is not at hand';
    }
    try {
      scanDocument(earlier);
      return null;
    } catch (error) {
      if (error instanceof RlctlError && error.kind === 'guard') {
        return `the change replaced a document that could not be read: ${error.message}`;
      }
      throw error;
    }
  }
}
