import { RlctlError } from '../../domain/errors.js';
import {
  beginAnew,
  emptiedCure,
  emptiedSince,
  emptiedText,
  goneCure,
  goneText,
  isDocumentGone,
  isStoreEmptied,
} from '../../domain/override/document-gone.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import { shellWords } from '../../domain/shell-words.js';
import type { Revision } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangePlan } from './plan.js';

/** Throws a guard where the document is gone: what is told of it then, or kept as a file, would be told of nothing. */
export function assertNotGone(stored: StoredOverrides): void {
  if (!isDocumentGone(stored) || stored.lastEntry === null) return;
  const print = shellWords(['rlctl', 'override', 'history', '--document', stored.lastEntry.next.slice(0, 12)]);
  throw new RlctlError('guard', goneText(stored), {
    code: 'DOCUMENT_GONE',
    hint: `${goneCure}; do not reload before. What was recorded last prints: ${print}`,
  });
}

/** Who knows what was stored once. */
export interface OnceStored {
  /** The last reload of a document from here; `null`: none that is known. */
  lastReload(this: void): Promise<ReloadRecord | null>;
}

/**
 * The guard of what needs a history where Redis was emptied: `what` cannot be done, what was there, by what it is known
 * again, and the way on. `lastReload` is asked only where nothing is stored; absent, or `null`: it was not emptied, as far
 * as is known.
 */
export async function emptiedError(
  what: string,
  stored: StoredOverrides,
  { lastReload }: Partial<OnceStored>,
): Promise<RlctlError | null> {
  if (lastReload === undefined || stored.lastEntry !== null) return null;
  const finding = emptiedSince(stored, await lastReload());
  if (finding === null) return null;
  return new RlctlError('guard', `${what}: ${finding.message}`, { code: finding.code, hint: finding.hint ?? '' });
}

/**
 * Throws a guard where the document is gone, or Redis was emptied, though there were overrides: a change would begin a new
 * document, and its reload would make the servers drop all that they still hold. `lastRevision`: of the last reload from
 * here, asked only where nothing is stored; `null`: not known. What restores a whole document passes.
 */
export async function assertNotLost(
  { stored, intent }: Pick<ChangePlan, 'stored' | 'intent'>,
  lastRevision: () => Promise<Revision | null>,
): Promise<void> {
  if (intent.isForced || intent.terms?.().restores !== undefined) return;
  if (isDocumentGone(stored)) {
    const anew = shellWords(['redis-cli', 'SET', stored.key, '{}']);
    throw new RlctlError(
      'guard',
      `${goneText(stored)}: "${intent.command}" would begin a new document, and its reload would drop every other override`,
      { code: 'DOCUMENT_GONE', hint: `${goneCure}. To begin anew on purpose: ${anew}` },
    );
  }
  if (stored.lastEntry === null && isStoreEmptied(stored, await lastRevision())) {
    throw new RlctlError('guard', emptiedText(stored), {
      code: 'STORE_EMPTIED',
      hint: `${emptiedCure}. ${beginAnew}`,
    });
  }
}
