import { RlctlError, usageError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import { replaceDocument } from '../../domain/override/edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory } from './recorded.js';

/**
 * Restores a readable document from the history: the newest one that can be rebuilt, or the one of `to` (a revision, 8
 * hex digits or more). A document that is readable is left alone unless `to` is given. What stands there now is kept in
 * the history.
 */
export function repairIntent(ports: StorePorts, to: string | null, ifRevision: string | null): ChangeIntent {
  return {
    command: 'override repair',
    routes: [],
    isForced: true,
    ifRevision,
    undoes: () => null,
    edit: async (document, stored) => {
      if (document !== null && to === null) return noEdit(document);
      const newestFirst = await readHistory(ports, () => false);
      const bytes = findDocument(newestFirst, to);
      if (bytes === null) throw notFound(newestFirst, to);
      const edit = replaceDocument(document, bytes);
      return document !== null && Buffer.from(bytes).equals(Buffer.from(stored.bytes ?? [])) ? noEdit(document) : edit;
    },
  };
}

function findDocument(newestFirst: readonly HistoryEntry[], to: string | null): Uint8Array | null {
  const oldestFirst = [...newestFirst].reverse();
  const revisions = newestFirst.flatMap(({ next, prev }) => [next, prev]).filter((revision) => revision !== 'none');
  for (const revision of revisions) {
    if (to !== null && !revision.startsWith(to)) continue;
    const bytes = documentAt(oldestFirst, revision) ?? null;
    if (bytes !== null && isReadable(bytes)) return bytes;
  }
  return null;
}

function isReadable(bytes: Uint8Array): boolean {
  try {
    scanDocument(bytes);
    return true;
  } catch {
    return false;
  }
}

function notFound(history: readonly HistoryEntry[], to: string | null): RlctlError {
  if (to !== null)
    return usageError(
      `the history leads to no readable document of revision ${to}`,
      'See the revisions with: rlctl override history',
      'REVISION_MISSING',
    );
  const what = history.length === 0 ? 'there is no history' : 'the history holds no readable document';
  return new RlctlError('guard', `${what} to repair from`, {
    code: 'NOTHING_TO_REPAIR_FROM',
    hint: 'Write the document anew with "rlctl override set ROUTE … --force"; the bytes that stand there now are kept in the history.',
  });
}
