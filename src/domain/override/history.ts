import type { JsonValue } from '../json.js';
import type { OperationRef } from '../operation/reference.js';
import type { Revision } from '../revision.js';

/** One replacement inside the document's bytes. Offsets count bytes of the document before this splice. */
export interface Splice {
  readonly at: number;
  /** The exact text that stood there; valid UTF-8, may be empty. */
  readonly removed: string;
  /** The exact text that stands there now. */
  readonly inserted: string;
}

/** What a change did to one route. */
export interface RouteChange {
  readonly route: string;
  /** The raw JSON text of the value before; `null`: the route had no entry. */
  readonly before: string | null;
  /** The raw JSON text of the value after; `null`: the entry was removed. */
  readonly after: string | null;
  /** The key that stood directly before the entry while it existed last; `null`: it was first. Undo puts it back there. */
  readonly previous: string | null;
  /** The key that stood directly after it; `null`: it was last. */
  readonly next: string | null;
}

/** Metadata of routes as the history keeps it: pairs, because a route may be called `__proto__`. */
export type RecordedMetadata = readonly (readonly [route: string, metadata: JsonValue])[];

/** The part of a history entry that rlctl writes and Redis does not look into. Stored as JSON, `v` first. */
export interface HistoryBody {
  readonly v: 1;
  /** The command that made the change: `override set`. */
  readonly command: string;
  /** Who: `user@host`, or what the configuration says. */
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** The rlctl version that wrote it. */
  readonly rlctl: string;
  /** The environment's name as the operator called it. */
  readonly environment: string;
  /** The change id that this entry reverts; `null`: an ordinary change. */
  readonly undoes: string | null;
  /** Further change ids that it takes back, beside `undoes`; absent: none. */
  readonly alsoUndoes?: readonly string[];
  /** The longer operations that it is a part of, outermost first; absent: none. */
  readonly partOf?: readonly OperationRef[];
  /** Prefixes that it found as it wants them and stands on, beside those that it changed; absent: none. */
  readonly found?: readonly string[];
  /** Prefixes of what it takes back that it left as they are, because something else stands on them; absent: none. */
  readonly leaves?: readonly string[];
  readonly routes: readonly RouteChange[];
  /**
   * The splices, in order, that turn the bytes before into the bytes after; `null` where the document was replaced as a
   * whole (repair, --force), and then the entry carries the document.
   */
  readonly splices: readonly Splice[] | null;
  /** When what the change wrote ends by itself, epoch milliseconds; absent: it does not. */
  readonly untilMs?: number;
  /** What manages the entries it wrote; absent: nobody but people. */
  readonly owner?: string;
  /** The names of the guard rules that were overridden for it; absent: none. */
  readonly guards?: readonly string[];
  /** Server time when it was sent, epoch milliseconds: its entry's own time is little later. */
  readonly atMs?: number;
  /** The SHA-256 of the metadata that it left beside the document; `none`: there is none. */
  readonly metadataRevision?: Revision;
  /** The metadata as it stood, where somebody had changed it past rlctl; `null`: it had been removed. Absent: nobody had. */
  readonly metadataFound?: string | null;
  /** The revision that it brought back (`undo --to`); absent: it did not bring one back. */
  readonly restores?: Revision;
  /**
   * The metadata that stood before, of the routes it touched; a route that is not in it had none. Absent: it was written by
   * a version that did not keep it.
   */
  readonly metadata?: RecordedMetadata;
}

/**
 * One entry of the history stream. A `snapshot` carries the whole document as it stood: at first sight, after a foreign
 * change, and every 200 entries. Its `prev` and `next` are both the revision of what it carries.
 */
export interface HistoryEntry {
  /** The stream's entry id: `<server milliseconds>-<n>`. */
  readonly entryId: string;
  /** Server time, epoch milliseconds. */
  readonly timeMs: number;
  readonly kind: 'change' | 'snapshot';
  /** The change id; of a snapshot: the id of the change that caused it. */
  readonly changeId: string;
  /** Counts up by one from 1. */
  readonly sequence: number;
  readonly prev: Revision;
  readonly next: Revision;
  /** Hash chain over the entries: lowercase hex SHA-1 of the previous chain value and this entry's fields. */
  readonly chain: string;
  /** `null` in a snapshot. */
  readonly body: HistoryBody | null;
  /** The whole document: in snapshots, and in changes that replaced it as a whole. `null`: not carried. */
  readonly document: Uint8Array | null;
  /** Why the snapshot was taken; `null` in a change. */
  readonly snapshotOf: 'first' | 'foreign' | 'periodic' | 'wrongType' | null;
}

/** The change ids that a change takes back; empty: it is an ordinary one. */
export function undoneIds({ undoes, alsoUndoes = [] }: Pick<HistoryBody, 'undoes' | 'alsoUndoes'>): readonly string[] {
  return undoes === null ? alsoUndoes : [undoes, ...alsoUndoes];
}

/** How much of the history is kept. What undo and replay need stays whatever its number and age. */
export interface HistoryLimits {
  /** At least the newest so many entries, 1 or more; the entries back to the snapshot before them stay as well. */
  readonly entries: number;
  /** Entries older than this, milliseconds, go; `null`: none goes for its age. */
  readonly ageMs: number | null;
}

/** What is kept where nothing else is said. */
export const defaultHistoryLimits: HistoryLimits = { entries: 10_000, ageMs: null };
