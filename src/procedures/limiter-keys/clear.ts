import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { valueDigest, type LimiterKey } from '../../domain/limiter-keys/keys.js';
import type { Deadline } from '../../ports/deadline.js';
import type { KeyState, LimiterKeys } from '../../ports/limiter-keys.js';

export interface KeyPorts {
  readonly keys: LimiterKeys;
  readonly deadline: Deadline;
}

/** One key as it was found. */
export interface FoundKey {
  readonly wanted: LimiterKey;
  readonly state: KeyState;
  /** By which its value is known again; `null`: there is no such key. */
  readonly digest: string | null;
}

/** What became of a key that was to be cleared. */
export interface ClearedKey {
  readonly found: FoundKey;
  /** `absent`: there was nothing to clear. `retaken`: it was cleared, and somebody has set it again since. */
  readonly outcome: 'removed' | 'absent' | 'retaken' | 'stays';
  /** What stands there after it. */
  readonly after: KeyState;
  readonly exit: ExitName;
}

/** Looks at one key, its type first. Throws a guard where it is of a type that no lock and no entry has. */
export async function findKey({ keys, deadline }: KeyPorts, wanted: LimiterKey): Promise<FoundKey> {
  const state = await keys.read(wanted.key, deadline);
  if (state.type !== 'none' && state.type !== 'string') throw wrongType(wanted, state);
  return { wanted, state, digest: state.value === null ? null : valueDigest(state.value) };
}

/**
 * The handbook's "clear a stuck lock" and "clear an idempotency entry": removes exactly what was seen, by comparing it in the
 * same step, and reads back that it is gone. Throws a conflict (5) where something else stands there by now.
 */
export async function clearKey(ports: KeyPorts, found: FoundKey): Promise<ClearedKey> {
  const { keys, deadline } = ports;
  const { wanted, state } = found;
  if (state.value === null) return { found, outcome: 'absent', after: state, exit: 'ok' };
  const removed = await keys.removeIf(wanted.key, state.value, deadline);
  if (removed === 'changed') throw changedUnderneath(wanted);
  const after = await keys.read(wanted.key, deadline);
  if (after.type === 'none') return { found, outcome: 'removed', after, exit: 'ok' };
  const isOther = after.value === null || valueDigest(after.value) !== found.digest;
  return isOther
    ? { found, outcome: 'retaken', after, exit: 'ok' }
    : { found, outcome: 'stays', after, exit: 'unproven' };
}

/**
 * Throws a conflict where the key does not hold what was meant: the first digits of the digest of its value, or `none`.
 */
export function assertValue({ wanted, digest }: FoundKey, meant: string): void {
  if (meant === 'none' ? digest === null : digest?.startsWith(meant) === true) return;
  throw changedUnderneath(wanted);
}

function changedUnderneath({ what, key }: LimiterKey): RlctlError {
  return new RlctlError('conflict', `${key} does not hold the ${what} that was meant any more; nothing was removed`, {
    code: 'KEY_CHANGED',
    hint: 'It may be somebody’s at work. Look at it again before you clear it.',
    details: { key },
  });
}

function wrongType({ what, key }: LimiterKey, { type }: KeyState): RlctlError {
  return new RlctlError('guard', `${key} is a ${type}, which no ${what} is; it is left alone`, {
    code: 'KEY_WRONG_TYPE',
    hint: 'Check the names that it is made of, and the namespace with: rlctl env show',
    details: { key, type },
  });
}
