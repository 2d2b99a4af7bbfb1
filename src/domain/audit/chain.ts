import { createHash } from 'node:crypto';

/** What the hash chain is over, beside the value before. */
export interface ChainedFields {
  readonly kind: string;
  readonly changeId: string;
  readonly sequence: number;
  readonly prev: string;
  readonly next: string;
  /** The exact text of the body; empty in a snapshot. */
  readonly body: string;
}

/**
 * The hash chain's next value, lowercase hex SHA-1: over the previous one (empty before the first entry) and what the new
 * entry says. The script that writes computes the same.
 */
export function chainAfter(previous: string, entry: ChainedFields): string {
  const parts = [previous, entry.kind, entry.changeId, String(entry.sequence), entry.prev, entry.next, entry.body];
  return createHash('sha1').update(parts.join('\n')).digest('hex');
}
