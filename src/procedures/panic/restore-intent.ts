import { isSameJson } from '../../domain/json.js';
import { findMember, rawValue, scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import { restoreDocument } from '../../domain/override/restore.js';
import { leaveHint, leftRemarks, type Restoration } from '../../domain/panic/restoration.js';
import { revisionOf } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent } from '../override/plan.js';
import { takeBackIntent } from '../override/undo-operation.js';

/** A panic through overrides that is to be taken back. */
export interface PanicToRestore {
  readonly id: string;
  readonly ifRevision: string | null;
  /** What restoring it takes back of a document as it stands, and the history that this was told by, newest first. */
  readonly judge: (stored: StoredOverrides) => Promise<Judged>;
  /** What somebody should know of it beside that, in sentences. */
  readonly remarks: readonly string[];
}

interface Judged {
  readonly restoration: Restoration;
  readonly history: readonly HistoryEntry[];
}

/**
 * Takes a panic back, as one change: what it changed, and what closed panics left to it, but for what other open panics
 * stand on. A route that somebody changed since is a conflict (5), and nothing is written. Where it stands on nothing that
 * is its own to put back, nothing is written either.
 */
export function restorePanicIntent({ id, ifRevision, judge, remarks }: PanicToRestore): ChangeIntent {
  const found: { judged: Judged | null } = { judged: null };
  const partOf = [{ kind: 'panic' as const, id }];
  const wanted = {
    command: 'panic restore',
    ifRevision,
    what: `the panic ${id}`,
    partOf,
    cure: `${leaveHint(id)} Else set it by hand, or take the later change back first: rlctl override undo`,
  };
  const intent = takeBackIntent(wanted, async (stored) => {
    const judged = await judge(stored);
    found.judged = judged;
    const { entries, isTaken } = judged.restoration;
    const oldestFirst = judged.history.toReversed();
    const undone = entries.map(({ changeId }) => changeId);
    return { entries, undone, isTaken, before: (entry) => documentAt(oldestFirst, entry.prev) };
  });
  return {
    ...intent,
    remarks: () => [...leftRemarks(found.judged?.restoration.left ?? []), ...remarks],
    terms: () => {
      const leaves = found.judged?.restoration.leaves ?? [];
      return { partOf, ...(leaves.length === 0 ? {} : { leaves }) };
    },
    edit: async (current, stored): Promise<Edit> => {
      const edit = await intent.edit(current, stored);
      const document = current ?? scanDocument(null);
      if (found.judged === null || found.judged.restoration.entries.length === 0) return noEdit(document);
      return inOldOrder(document, edit, baseOf(found.judged, document));
    },
  };
}

/** The document before the first panic; `null`: something else was changed since, or it is not at hand. */
function baseOf(
  { restoration: { base }, history: newestFirst }: Judged,
  document: OverrideDocument,
): OverrideDocument | null {
  const isUntouched = newestFirst[0]?.next === revisionOf(document.bytes);
  if (base === null || base === 'none' || !isUntouched) return null;
  const bytes = documentAt(newestFirst.toReversed(), base);
  return bytes == null ? null : scanDocument(bytes);
}

/**
 * Panics that each moved entries in front of others leave them in an order that depends on which is taken back first: where
 * the same entries are back as before the first panic, so are their order and every byte.
 */
function inOldOrder(document: OverrideDocument, edit: Edit, base: OverrideDocument | null): Edit {
  if (base === null) return edit;
  const after = scanDocument(edit.next);
  const isSame =
    after.members.length === base.members.length &&
    after.members.every((member) => {
      const old = findMember(base, member.key);
      return old !== undefined && isSameJson(rawValue(after, member), rawValue(base, old));
    });
  return isSame && !Buffer.from(edit.next).equals(base.bytes) ? restoreDocument(document, base) : edit;
}
