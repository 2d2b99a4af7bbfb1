import { scanDocument, type OverrideDocument } from './document.js';
import type { Edit } from './edit.js';
import { noEdit } from './entry-edit.js';

/**
 * Several edits as one: each is computed on what the one before it left. The changes stand in that order. An edit that
 * replaces the document as a whole makes the result one that does.
 */
export function editInSequence(
  document: OverrideDocument,
  steps: readonly ((document: OverrideDocument) => Edit)[],
): Edit {
  let all: Edit = noEdit(document);
  let current = document;
  for (const step of steps) {
    const edit = step(current);
    const splices = all.splices === null || edit.splices === null ? null : [...all.splices, ...edit.splices];
    all = { next: edit.next, splices, changes: [...all.changes, ...edit.changes] };
    if (edit.next !== current.bytes) current = scanDocument(edit.next);
  }
  return all;
}
