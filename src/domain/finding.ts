import type { Part } from './part.js';

/** Something that is broken. */
export interface Finding {
  /** Stable for scripts: `UNHEALTHY`, `DEGRADED`, `REDIS_REPLICA`, or the code of the error. */
  readonly code: string;
  /** Where: an address, `redis`, `overrides`, `traffic`, `env file`. */
  readonly part: string;
  readonly message: string;
  /** What to do about it; `null`: nothing is known. */
  readonly hint: string | null;
}

/** The finding that a part did not answer; empty: it did, or was not asked. */
export function failureOf(part: string, answer: Part<unknown>): readonly Finding[] {
  if (answer.state !== 'failed') return [];
  const { code, message, hint } = answer.error;
  return [{ code, part, message, hint: hint ?? null }];
}
