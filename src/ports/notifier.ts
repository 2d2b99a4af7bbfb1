import type { NotifyEvent } from '../domain/notify/event.js';
import type { NotifyTarget } from '../domain/notify/target.js';
import type { RlctlError } from '../domain/errors.js';

/** What one attempt to tell a receiver came to. */
export type Delivery =
  /** `detail`: what it answered, in words. */
  | { readonly kind: 'delivered'; readonly detail: string }
  /** `isRepeatable`: another attempt may do better and cannot do harm. */
  | { readonly kind: 'failed'; readonly error: RlctlError; readonly isRepeatable: boolean };

/** One receiver of events. */
export interface Receiver {
  readonly target: NotifyTarget;
  /** Gets the secret and connects, so that telling takes one round trip. What fails shows at the first delivery. */
  prepare(): void;
  /** One attempt, with the event's own id and the time of now. Throws nothing but bugs. */
  deliver(event: NotifyEvent, signal: AbortSignal): Promise<Delivery>;
  /** Gets the secret, uses it for nothing, and says where it came from. Throws what getting it throws. */
  readSecret(): Promise<string>;
  /** Whether the address answers, in words; no event is sent. Throws an RlctlError where it does not, or refuses what it is asked with. */
  look(signal: AbortSignal): Promise<string>;
  /** Drops its connections at once. */
  close(): void;
}
