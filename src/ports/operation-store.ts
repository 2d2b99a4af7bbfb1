import type { Deadline } from './deadline.js';

/** The right to drive an operation, for a while. Times are the server's. */
export interface OperationLease {
  /** Who: `user@host`. */
  readonly holder: string;
  /** What the holder's process alone knows; no secret, but unique. Never empty, never with whitespace. */
  readonly token: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
}

/** What is kept of an operation, taken in one round trip. */
export interface StoredOperation {
  /** Its state; `null`: there is none. */
  readonly text: string | null;
  /** `null`: nobody holds it. */
  readonly lease: OperationLease | null;
  /** The last lease, where it ran out without being given back; `null`: it did not. */
  readonly lapsed: OperationLease | null;
  /** Epoch milliseconds. */
  readonly serverTimeMs: number;
}

export interface OperationChange {
  /** The text that the change was computed from; `null`: there was none. */
  readonly expected: string | null;
  /** The text to keep; `null`: none. Different from every earlier one, so that a lost answer can be told from no write. */
  readonly next: string | null;
  /** The lease that must still be held; `null`: none is needed. */
  readonly token: string | null;
}

/** How a change of an operation's state ended. Only `written` changed anything. */
export type OperationOutcome =
  | { readonly kind: 'written' }
  /** Somebody else changed it. */
  | { readonly kind: 'conflict'; readonly current: StoredOperation }
  /** The lease is not held by this token any more. */
  | { readonly kind: 'lost'; readonly current: StoredOperation };

export type LeaseOutcome =
  | { readonly kind: 'held'; readonly lease: OperationLease }
  /** Somebody else holds it. */
  | { readonly kind: 'taken'; readonly by: OperationLease };

/**
 * The state of long operations (rollouts, incidents, runs of runbooks), kept in Redis beside the override document, so that
 * another operator on another machine can go on with them. Each has a name: `rollout`, `run:r-1a2b`. Every refusal is an
 * RlctlError as of the override store: `unreachable` past the deadline. A change whose answer was lost is told by reading again.
 */
export interface OperationStore {
  read(name: string, deadline: Deadline): Promise<StoredOperation>;
  /** The names that begin with a prefix and have a state, sorted. */
  names(prefix: string, deadline: Deadline): Promise<readonly string[]>;
  /** Compare-and-set. May be sent again: what already stands as wanted counts as written. */
  write(name: string, change: OperationChange, deadline: Deadline): Promise<OperationOutcome>;
  /** Takes a lease, or renews one's own (by its token). `isForced`: also from somebody whose lease has not run out. */
  lease(
    name: string,
    wanted: { readonly holder: string; readonly token: string; readonly ttlMs: number; readonly isForced: boolean },
    deadline: Deadline,
  ): Promise<LeaseOutcome>;
  /** Gives a lease back; one that is somebody else's by now stays. */
  release(name: string, token: string, deadline: Deadline): Promise<void>;
  /** Drops every connection at once. */
  close(): void;
}
