import { RlctlError } from '../../domain/errors.js';
import { nextFails, refusedCure, refusedText, type RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import type { Proof } from '../../domain/proof/proof.js';
import { expiresCure, expiresText } from '../../domain/override/document-gone.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { endFindings } from '../override/end-findings.js';
import { listingOf } from '../override/inspect.js';

/**
 * What is stored and in force, and should not be any more, or will not be for long: sentences with their cures. Never
 * throws for what is stored.
 */
export function endRemarks(stored: StoredOverrides): readonly string[] {
  try {
    const overdue = endFindings(listingOf(stored))
      .filter(({ code }) => code === 'OVERRIDE_OVERDUE')
      .map(({ message, cure }) => `${message}. ${cure}`);
    const expires = expiresText(stored.ttlMs);
    return expires === null ? overdue : [`${expires}. ${expiresCure}`, ...overdue];
  } catch (error) {
    // A document that cannot be read is what the proof is about.
    if (error instanceof RlctlError) return [];
    throw error;
  }
}

/** Addresses that refused the signature before: what is stored may be in force there, and the next change is not. */
export function refusingRemarks(
  { targets, refused }: { readonly targets: readonly string[]; readonly refused: RefusedSignatures },
  { verdict }: Pick<Proof, 'verdict'>,
): readonly string[] {
  return targets.flatMap((target) => {
    const at = refused.get(target);
    if (at === undefined) return [];
    const what = `${target}${verdict === 'proven' ? ' is in step, but' : ':'} ${refusedText(at)}`;
    return [`${what}; ${nextFails}. The cure: ${refusedCure}`];
  });
}
