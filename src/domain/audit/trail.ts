import { RlctlError } from '../errors.js';
import type { HistoryEntry } from '../override/history.js';
import { applySplices } from '../override/splices.js';
import { revisionOf, type Revision } from '../revision.js';
import { isWholeDump } from './crc64.js';
import type { ReadRecord } from './record.js';

const emptyDocument = new Uint8Array([0x7b, 0x7d]);

/** A document that is known, and its revision. `bytes` is `null` where no key existed. */
interface Known {
  readonly bytes: Uint8Array | null;
  readonly revision: Revision;
}

const nothingStored: Known = { bytes: null, revision: 'none' };

/** Follows the document through the entries: each has to lead from the revision it names to the one it names. */
export class DocumentTrail {
  /** `null`: not known, until an entry carries it. */
  #known: Known | null = null;
  /** What the entry before says it left. */
  #left: Revision | null = null;
  #since: number | null = null;
  /** Changes whose bytes were rebuilt and compared. */
  rebuilt = 0;
  /** Changes whose bytes could not be, because what stood before them is not known. */
  notRebuilt = 0;

  /** The document after the last entry; `null`: not known. */
  get known(): Known | null {
    return this.#known;
  }

  /** Takes the next entry. `isNext`: the one before it is there. A sentence about what does not fit; `null`: all does. */
  take(record: ReadRecord, isNext: boolean): string | null {
    const { entry } = record;
    const isLinked = isNext && this.#left !== null;
    const linked = !isLinked || entry.prev === this.#left || entry.prev === this.#known?.revision;
    const mayDiffer = entry.kind === 'snapshot' && (entry.snapshotOf === 'foreign' || entry.snapshotOf === 'wrongType');
    const faults = [
      linked || mayDiffer ? null : 'it was made on another revision than the entry before left',
      entry.kind === 'snapshot' ? this.#snapshot(record, isLinked, linked) : this.#change(record),
      this.#counted(record, isNext),
    ];
    this.#left = entry.next;
    return faults.find((fault) => fault !== null) ?? null;
  }

  /** Passes over an entry that cannot be read: nothing is known after it. */
  skip(): void {
    [this.#known, this.#left, this.#since] = [null, null, null];
  }

  /** The revision that a change leads to from what is known; `null`: not known. */
  wouldLead({ entry }: ReadRecord): Revision | null {
    if (entry.document !== null) return revisionOf(entry.document);
    const before = this.#before(entry.prev);
    return before === null ? null : (edited(before, entry)?.revision ?? null);
  }

  #snapshot({ entry, dump }: ReadRecord, isLinked: boolean, linked: boolean): string | null {
    const { snapshotOf, prev, next, document } = entry;
    this.#known = carried(entry);
    if (prev !== next) return 'a snapshot changes nothing, and this one names two revisions';
    if (dump !== null && snapshotOf !== 'wrongType')
      return 'it carries the contents of a key of another type, and does not say so';
    if (entry.sequence === 1 && snapshotOf !== 'first' && snapshotOf !== 'wrongType')
      return 'it is the first, and does not say so';
    if (snapshotOf === 'wrongType') {
      if (dump === null) return 'the contents of the key of another type that it should carry are missing';
      return isWholeDump(dump) ? null : 'the contents of the key of another type that it carries were altered';
    }
    if (next !== 'none' && document === null) return 'the document that it should carry is missing';
    if (document !== null && this.#known === null) return 'the document it carries is not the revision it names';
    if (!isLinked) return null;
    if (snapshotOf === 'foreign' && linked) return 'it says that somebody wrote past rlctl, and nothing had changed';
    return snapshotOf === 'first' ? 'it says to be the first, and is not' : null;
  }

  #change({ entry }: ReadRecord): string | null {
    const { prev, next, document, body } = entry;
    const before = this.#before(prev);
    this.#known = null;
    if (document !== null) {
      this.#known = carried(entry);
      return this.#known === null ? 'the document it carries is not the revision it names' : null;
    }
    const splices = body?.splices ?? null;
    if (splices === null) return 'the document that it should carry is missing';
    if (before === null) {
      this.notRebuilt += 1;
      return null;
    }
    this.#known = edited(before, entry);
    if (this.#known === null) return 'its edit does not fit the document before it';
    this.rebuilt += 1;
    return this.#known.revision === next ? null : 'its edit does not lead to the revision it names';
  }

  /** What the change was made on; `null`: not known. */
  #before(prev: Revision): Known | null {
    if (prev === 'none') return nothingStored;
    return this.#known?.revision === prev ? this.#known : null;
  }

  #counted({ entry, since }: ReadRecord, isNext: boolean): string | null {
    const isSnapshot = entry.kind === 'snapshot';
    const before = isNext ? this.#since : null;
    const expected = isSnapshot ? 0 : entry.sequence === 1 ? 1 : before === null ? null : before + 1;
    this.#since = expected ?? since;
    return expected === null || since === expected
      ? null
      : `it counts ${since ?? 'no'} changes since the last snapshot; there are ${expected}`;
  }
}

/** The document after the edit of an entry; `null`: the edit does not fit. */
function edited(before: Known, { body }: HistoryEntry): Known | null {
  try {
    const bytes = applySplices(before.bytes ?? emptyDocument, body?.splices ?? []);
    return { bytes, revision: revisionOf(bytes) };
  } catch (error) {
    if (error instanceof RlctlError || error instanceof TypeError) return null;
    throw error;
  }
}

/** The document that an entry carries; `null`: it carries none, or not the one it names. */
function carried({ document, next }: HistoryEntry): Known | null {
  if (document === null) return next === 'none' ? nothingStored : null;
  return revisionOf(document) === next ? { bytes: document, revision: next } : null;
}
