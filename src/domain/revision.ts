import { createHash } from 'node:crypto';

/** The revision of a stored document: the SHA-256 of its bytes in lowercase hex, or `none` where the key is absent. */
export type Revision = string;

/** The revision of exactly these bytes; `null` means that the key does not exist. A foreign write is always noticed. */
export function revisionOf(bytes: Uint8Array | null): Revision {
  return bytes === null ? 'none' : createHash('sha256').update(bytes).digest('hex');
}
