import type { Deadline } from './deadline.js';

/** One key as it stands, its type asked first. */
export interface KeyState {
  /** The type Redis gives it; `none`: there is no such key. */
  readonly type: string;
  /** `null`: there is none, or it is no string. */
  readonly value: Uint8Array | null;
  /** Remaining time, milliseconds; `null`: it does not end by itself, or there is none. */
  readonly ttlMs: number | null;
}

/**
 * Single keys of the limiter's beside the override document: locks and idempotency entries. Never a pattern, never a scan.
 * Refusals are RlctlErrors as of the override store.
 */
export interface LimiterKeys {
  read(key: string, deadline: Deadline): Promise<KeyState>;
  /**
   * Removes the key if it is a string of exactly these bytes, in one step. `changed`: it holds something else. `absent`:
   * there is none (any more); after a lost answer that is what a removal looks like.
   */
  removeIf(key: string, value: Uint8Array, deadline: Deadline): Promise<'removed' | 'changed' | 'absent'>;
  /** Drops every connection at once. */
  close(): void;
}
