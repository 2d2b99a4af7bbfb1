import { createHash } from 'node:crypto';
import { usageError } from '../errors.js';
import { hostileCharacters } from '../outside-text.js';

/** One key of the limiter's that somebody may have to clear by hand. */
export interface LimiterKey {
  readonly what: 'lock' | 'idempotency entry';
  /** Whose or which, as it was named: `user 42, checkout`. */
  readonly subject: string;
  /** The Redis key, whole: it is never a pattern. */
  readonly key: string;
}

/**
 * The lock of a user: `{namespace}:lock:{user}:{route}` by the handbook, with `checkout` for the route as deployed. The user
 * may be written `42` or `user:42`. Throws a usage error for names that can be none.
 */
export function lockKey(namespace: string, user: string, name: string): LimiterKey {
  const id = user.replace(/^user:/, '');
  assertPlain('the user', id);
  assertPlain('the lock', name);
  if (id.startsWith('ip:')) throw usageError(`a lock belongs to a user, and "${id}" is an address`, 'Name the user.');
  return { what: 'lock', subject: `user ${id}, ${name}`, key: `${namespace}:lock:${id}:${name}` };
}

/**
 * An idempotency entry: `{namespace}:idem:{SHA-256 of the raw text}`. What is given is that text, or the 64 hex digits of
 * its digest.
 */
export function idempotencyKey(namespace: string, raw: string): LimiterKey {
  if (raw === '') throw usageError('the idempotency text is empty', 'Give it as the server makes it, or its SHA-256.');
  const digest = /^[0-9a-f]{64}$/.test(raw) ? raw : createHash('sha256').update(raw).digest('hex');
  const subject = digest === raw ? `SHA-256 ${digest.slice(0, 12)}…` : raw;
  return { what: 'idempotency entry', subject, key: `${namespace}:idem:${digest}` };
}

function assertPlain(what: string, text: string): void {
  const isPlain = text !== '' && text.length <= 2048 && text.search(hostileCharacters) < 0 && !/\s/.test(text);
  if (isPlain) return;
  throw usageError(`${what} ${JSON.stringify(text.slice(0, 80))} is no name`, 'Give it as it stands in the key.');
}

/** By which one value is told from another: the SHA-256 of its bytes, lowercase hex. */
export function valueDigest(value: Uint8Array): string {
  return createHash('sha256').update(value).digest('hex');
}
