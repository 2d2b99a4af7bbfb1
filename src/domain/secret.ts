import { createHash } from 'node:crypto';

const reveal = Symbol('reveal');

/**
 * A value that must never be seen: prints, serialises and inspects as `[redacted]`. Only `revealSecret` opens it,
 * and only what signs with it or sends it calls that.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  [reveal](): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }

  /** Eight hex characters of a keyed digest: enough to see that two secrets differ, useless to find one. */
  get fingerprint(): string {
    return createHash('sha256').update(`rlctl-fingerprint\0${this.#value}`).digest('hex').slice(0, 8);
  }
}

/** The text of a secret. Call it only where the bytes are signed with or sent. */
export function revealSecret(secret: Secret): string {
  return secret[reveal]();
}
