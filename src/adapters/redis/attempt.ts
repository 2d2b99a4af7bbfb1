import type { HistoryLimits } from '../../domain/override/history.js';
import type { StoredOverrides } from '../../ports/override-store.js';

/** The Redis keys of one document. */
export interface DocumentKeys {
  readonly document: string;
  readonly history: string;
  readonly metadata: string;
  readonly expiry: string;
}

/** What a read tells beside the document itself: about the server, and about whoever applies ends. */
export type ServerFact = 'replicas' | 'watchedReplicas' | 'role' | 'runId' | 'heartbeat';

/** The part of a read that a conflict answers too: about the document itself. */
export type DocumentState = Omit<StoredOverrides, 'key' | ServerFact>;

/** How one attempt to write ended, once the server has answered. Only `written` changed anything. */
export type AttemptResult =
  | {
      readonly kind: 'written';
      readonly wasDuplicate: boolean;
      readonly entryId: string;
      readonly sawForeignChange: boolean;
      readonly usedTransaction: boolean;
    }
  | { readonly kind: 'conflict'; readonly state: DocumentState }
  | { readonly kind: 'expired' }
  /** Neither EVAL nor its like is allowed to this user. */
  | { readonly kind: 'scriptDenied' };

/** What a write needs to know beside what it writes. */
export interface WriteContext {
  readonly keys: DocumentKeys;
  readonly maxBytes: number;
  /** Server time before which this change id was not in use: how far back it is searched. */
  readonly startedMs: number;
  readonly limits: HistoryLimits;
  /** The newest read: the base of the server's clock, and what a conflict's state is completed from. */
  readonly seen: ServerSighting;
}

/** What a read told about the server, and when by our own monotonic clock. */
export interface ServerSighting extends Pick<StoredOverrides, ServerFact> {
  readonly serverTimeMs: number;
  readonly atMs: number;
}
