import { RlctlError } from '../errors.js';
import { scanDocument, type OverrideDocument } from '../override/document.js';
import type { HistoryEntry } from '../override/history.js';
import { documentAt } from '../override/replay.js';
import { revisionOf, type Revision } from '../revision.js';
import type { Incident, IncidentPlace } from './incident.js';

/** One thing that was done to the document while an incident was open. */
export type IncidentStep =
  | { readonly kind: 'change'; readonly entry: HistoryEntry; readonly from: Revision; readonly to: Revision }
  | {
      /** Somebody wrote past rlctl. */
      readonly kind: 'foreign';
      readonly from: Revision;
      readonly to: Revision;
      /** The entry that noticed it; `null`: none does yet. */
      readonly entry: HistoryEntry | null;
      /** It was done after this, epoch milliseconds. */
      readonly afterMs: number;
      /** And before this. */
      readonly noticedMs: number;
    };

/** What was done from an incident's start to its end, or to now. */
export interface IncidentWindow {
  /** Oldest first. */
  readonly steps: readonly IncidentStep[];
  /** True: the history does not reach back to the start any more, or is gone. */
  readonly isCut: boolean;
}

/** What an incident is looked up in. */
export interface IncidentHistory {
  /** Oldest first, as far back as the history goes. */
  readonly entries: readonly HistoryEntry[];
  /** The document now. */
  readonly bytes: Uint8Array | null;
  readonly revision: Revision;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** The last change that is known of a history that is gone, epoch milliseconds; `null`: none is known, or it is there. */
  readonly lostMs: number | null;
}

/**
 * Everything that anybody did to the document from the start to the end: every recorded change, and every foreign one,
 * which shows where an entry does not go on from what the one before it left.
 */
export function windowOf(incident: Incident, history: IncidentHistory): IncidentWindow {
  const { start, end } = incident;
  const within = history.entries.filter(
    ({ entryId, next, snapshotOf }) =>
      isAfter(entryId, start.entryId) &&
      // What somebody had left past rlctl at the end is kept by the entry after it.
      (end === null || !isAfter(entryId, end.entryId) || (snapshotOf === 'foreign' && isNext(history, end, next))),
  );
  const steps: IncidentStep[] = [];
  const reached = { revision: start.revision, atMs: start.atMs };
  const pass = (to: Revision, noticedMs: number, entry: HistoryEntry | null): void => {
    if (to === reached.revision) return;
    steps.push({ kind: 'foreign', from: reached.revision, to, entry, afterMs: reached.atMs, noticedMs });
  };
  for (const entry of within) {
    if (entry.kind === 'snapshot') pass(entry.next, entry.timeMs, entry);
    else {
      pass(entry.prev, entry.timeMs, null);
      steps.push({ kind: 'change', entry, from: entry.prev, to: entry.next });
    }
    reached.revision = entry.next;
    reached.atMs = entry.timeMs;
  }
  pass(end?.revision ?? history.revision, end?.atMs ?? history.nowMs, null);
  return { steps, isCut: isCut(incident, within, history) };
}

/** Whether entries are missing that the incident's places, or the metadata, tell of. Entries are numbered one by one. */
function isCut(
  { start, end }: Incident,
  within: readonly HistoryEntry[],
  { entries, lostMs }: IncidentHistory,
): boolean {
  if (lostMs !== null && lostMs >= start.atMs && lostMs <= (end?.atMs ?? lostMs)) return true;
  const [first] = within;
  if (first !== undefined && first.sequence !== start.sequence + 1) return true;
  if (end !== null) return end.sequence < start.sequence || (within.at(-1)?.sequence ?? start.sequence) < end.sequence;
  // rlctl never drops the newest entry: where the start's is gone with nothing after it, somebody removed it.
  return first === undefined && (entries.at(-1)?.sequence ?? 0) < start.sequence;
}

function isNext({ entries }: IncidentHistory, end: IncidentPlace, next: Revision): boolean {
  const after = entries.find(({ entryId }) => isAfter(entryId, end.entryId));
  return after?.next === next && next === end.revision;
}

/** True where an entry of the stream stands after another; `null`: before the first. */
export function isAfter(entryId: string, other: string | null): boolean {
  if (other === null) return true;
  const [[ms = 0, count = 0], [otherMs = 0, otherCount = 0]] = [entryId, other].map((id) =>
    id.split('-').map(Number),
  ) as [number[], number[]];
  return ms === otherMs ? count > otherCount : ms > otherMs;
}

/** The document of a revision as far as anything leads to it: `null`: no key; `undefined`: nothing does. */
export type Documents = (revision: Revision) => Uint8Array | null | undefined;

/** The documents of an incident and of what came before. */
export function documentOf(
  { start }: Pick<Incident, 'start'>,
  { entries, bytes, revision }: IncidentHistory,
): Documents {
  const known = new Map<Revision, Uint8Array | null>([[revision, bytes]]);
  if (start.document !== null) {
    const kept = Buffer.from(start.document);
    if (revisionOf(kept) === start.revision) known.set(start.revision, kept);
  }
  return (wanted) => (known.has(wanted) ? known.get(wanted) : documentAt(entries, wanted));
}

/** A document that can be read; `null`: it is not at hand, or cannot be. */
export function soundDocument(bytes: Uint8Array | null | undefined): OverrideDocument | null {
  if (bytes === undefined) return null;
  try {
    return scanDocument(bytes);
  } catch (error) {
    if (error instanceof RlctlError && error.kind === 'guard') return null;
    throw error;
  }
}
