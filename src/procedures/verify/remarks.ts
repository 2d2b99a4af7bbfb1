import { RlctlError } from '../../domain/errors.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { endFindings } from '../override/end-findings.js';
import { listingOf } from '../override/inspect.js';

/** What is stored and in force, and should not be any more: sentences with their cures. Never throws for what is stored. */
export function overdueRemarks(stored: StoredOverrides): readonly string[] {
  try {
    return endFindings(listingOf(stored))
      .filter(({ code }) => code === 'OVERRIDE_OVERDUE')
      .map(({ message, cure }) => `${message}. ${cure}`);
  } catch (error) {
    // A document that cannot be read is what the proof is about.
    if (error instanceof RlctlError) return [];
    throw error;
  }
}
