import type { HistoryRecord } from '../domain/audit/record.js';
import type { Heartbeat } from '../domain/override/heartbeat.js';
import type { HistoryEntry, HistoryBody } from '../domain/override/history.js';
import type { Revision } from '../domain/revision.js';
import type { Deadline } from './deadline.js';

/** Everything one read of the override document tells, taken in one round trip. */
export interface StoredOverrides {
  /** The Redis key of the document. */
  readonly key: string;
  /** The document's bytes; `null`: the key does not exist. An empty string is bytes of length 0, and corrupt. */
  readonly bytes: Uint8Array | null;
  /** The type Redis gives the document's key. Anything but `string` and `none` has `bytes: null` and is refused. */
  readonly type: string;
  readonly revision: Revision;
  /** Remaining TTL of the document's key in milliseconds; `null`: none. It is kept by every write. */
  readonly ttlMs: number | null;
  /** The metadata sibling as stored; `null`: absent. */
  readonly metadata: string | null;
  /** The newest history entry; `null`: no history yet. */
  readonly lastEntry: HistoryEntry | null;
  /** The server's own time, epoch milliseconds: the base of the fence. */
  readonly serverTimeMs: number;
  /** Replicas that are online; `null`: not known (the user may not ask). */
  readonly replicas: number | null;
  /** Replicas that Sentinel knows of, online or not; `null`: no Sentinel was asked, or it does not tell. */
  readonly watchedReplicas: number | null;
  /** What Redis says it is; `null`: not known (the user may not ask). */
  readonly role: 'primary' | 'replica' | null;
  /** Redis's run id, the identity of the server process; `null`: not known. */
  readonly runId: string | null;
  /** What the last run that applies ends left; `null`: none ran; `unknown`: this user may not see. */
  readonly heartbeat: Heartbeat | null | 'unknown';
}

/** One compare-and-set of document, metadata and history: all of it or nothing. */
export interface OverrideWrite {
  /** The id by which a lost answer is found again; the same on every retry. */
  readonly changeId: string;
  /** The exact bytes the change was computed from; `null`: the key was absent. */
  readonly expected: Uint8Array | null;
  /** The metadata the change was computed from. */
  readonly expectedMetadata: string | null;
  /** The document to store. Never empty: an empty document is `{}`. */
  readonly next: Uint8Array;
  /** The metadata to store; `null`: leave it absent. */
  readonly nextMetadata: string | null;
  readonly body: HistoryBody;
  /** The server time, epoch milliseconds, after which the write must not happen any more. */
  readonly fenceMs: number;
  /** Overwrite a key of the wrong type (its DUMP is kept in the history). Only with the operator's `--force`. */
  readonly replaceWrongType: boolean;
  /** Replicas that must acknowledge the write; 0: there are none. */
  readonly requiredReplicas: number;
}

/** How a write ended. Anything that is known not to have been written and is not here is an RlctlError. */
export type WriteOutcome =
  | {
      readonly kind: 'written';
      /** True where an earlier attempt with this change id had been applied and only its answer was lost. */
      readonly wasDuplicate: boolean;
      readonly entryId: string;
      /** True where the script noticed that somebody wrote past rlctl, and kept a snapshot of what they left. */
      readonly sawForeignChange: boolean;
      readonly replication: { readonly required: number; readonly acknowledged: number };
      /** True where EVAL was denied and WATCH/MULTI was used instead. */
      readonly usedTransaction: boolean;
    }
  | { readonly kind: 'conflict'; readonly current: StoredOverrides }
  /** Proven not to have been applied: the fence passed first. `cause`: what kept the attempts until then; absent: nothing did. */
  | { readonly kind: 'expired'; readonly cause?: string }
  /** The connection was lost and the history could not be read: exit 9 with the change id. */
  | { readonly kind: 'unknown'; readonly cause: string };

export interface HistoryQuery {
  /** At most this many entries, newest first. */
  readonly limit: number;
  /** Stop after this many changes older than this entry id (exclusive); absent: from the newest. */
  readonly before?: string;
}

export interface RecordQuery {
  /** At most this many, oldest first. */
  readonly limit: number;
  /** Only records newer than this entry id; absent: from the oldest. */
  readonly after?: string;
}

/**
 * The override document and its siblings in Redis, behind the write protocol: byte comparison, change id, server-time
 * fence, history first, KEEPTTL, WAIT. Every refusal is an RlctlError whose kind and code name the cause (kind
 * `unreachable`, `refused` or `guard`), rebuilt at the adapter's edge so that it never carries a password.
 */
export interface OverrideStore {
  /**
   * Reads document, metadata and the newest history entry. Throws `guard/DOCUMENT_TOO_LARGE` over the size limit, and
   * `guard/HISTORY_CORRUPT` where that entry is none of this program's; for an `auditor` it is then `null`.
   */
  read(deadline: Deadline, reader?: 'auditor'): Promise<StoredOverrides>;
  /** Writes once, resolving lost answers by change id until the fence has passed. Never retries a conflict. */
  write(write: OverrideWrite, deadline: Deadline): Promise<WriteOutcome>;
  /** History entries, newest first; empty where there is none. */
  history(query: HistoryQuery, deadline: Deadline): Promise<readonly HistoryEntry[]>;
  /** History entries exactly as stored, oldest first, whoever made them; empty where there is none. */
  records(query: RecordQuery, deadline: Deadline): Promise<readonly HistoryRecord[]>;
  /** The same newest first, foreign entries among them. */
  newestRecords(query: HistoryQuery, deadline: Deadline): Promise<readonly HistoryRecord[]>;
  /**
   * Leaves the mark of a run that applies ends: what `next` makes of the one that is stored (`null`: none), made anew where
   * somebody else leaves one in between. Throws as a read does; `refused` without the right.
   */
  beat(next: (stored: Heartbeat | null) => Heartbeat, deadline: Deadline): Promise<void>;
  /** Starts connecting without waiting for it, so that the connection overlaps other work; errors surface at use. */
  open(deadline: Deadline): void;
  /** Drops every connection at once. */
  close(): void;
}
