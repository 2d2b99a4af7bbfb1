import { RlctlError } from '../../domain/errors.js';
import { isSameJson } from '../../domain/json.js';
import { findMember, rawValue, scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import { revertEntries, type Edit } from '../../domain/override/edit.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import type { RouteMetadata } from '../../domain/override/metadata.js';
import { metadataBefore } from '../../domain/override/metadata-change.js';
import { documentAt } from '../../domain/override/replay.js';
import { restoreDocument } from '../../domain/override/restore.js';
import { leftRemarks, type Restoration } from '../../domain/panic/restoration.js';
import { revisionOf } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent } from '../override/plan.js';
import { cannotUndo } from '../override/undo-operation.js';

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
  const found: { restoration: Restoration | null } = { restoration: null };
  const entries = (): readonly HistoryEntry[] => found.restoration?.entries ?? [];
  return {
    command: 'panic restore',
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => entries()[0]?.changeId ?? null,
    alsoUndoes: () =>
      entries()
        .slice(1)
        .map(({ changeId }) => changeId),
    restored: () => (found.restoration === null ? new Map() : metadataBeforeTaken(found.restoration)),
    remarks: () => [...leftRemarks(found.restoration?.left ?? []), ...remarks],
    terms: () => {
      const leaves = found.restoration?.leaves ?? [];
      return { partOf: [{ kind: 'panic', id }], ...(leaves.length === 0 ? {} : { leaves }) };
    },
    edit: async (current, stored): Promise<Edit> => {
      const document = current ?? scanDocument(null);
      const { restoration, history } = await judge(stored);
      found.restoration = restoration;
      if (restoration.entries.length === 0) return noEdit(document);
      const oldestFirst = history.toReversed();
      const before = (entry: HistoryEntry): Uint8Array | null | undefined => documentAt(oldestFirst, entry.prev);
      const { edit, conflicts } = revertEntries(document, restoration.entries, before, restoration.isTaken);
      if (conflicts.length > 0) throw asPanic(cannotUndo(`the panic ${id}`, restoration.entries, conflicts), id);
      return inOldOrder(document, edit, baseOf(restoration, history, document));
    },
  };
}

/** The document before the first panic; `null`: something else was changed since, or it is not at hand. */
function baseOf(
  { base }: Restoration,
  newestFirst: readonly HistoryEntry[],
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

/** What was known of each route before the oldest change of it that is taken back. */
function metadataBeforeTaken({ entries, isTaken }: Restoration): ReadonlyMap<string, RouteMetadata | null> {
  return new Map(
    entries.flatMap((entry) =>
      entry.body === null ? [] : [...metadataBefore(entry.body)].filter(([route]) => isTaken(entry, route)),
    ),
  );
}

/** What somebody set on purpose may be what is wanted by now. */
function asPanic({ kind, message, code, details }: RlctlError, id: string): RlctlError {
  return new RlctlError(kind, message, {
    code,
    hint: leaveHint('Where what stands there now is as it should be, close the panic and leave it', id),
    ...(details === undefined ? {} : { details }),
  });
}

/** How to close a panic whose effect somebody changed on purpose. */
function leaveHint(when: string, id: string): string {
  return `${when}: rlctl panic restore ${id} --leave. Else set it by hand, or take the later change back first: rlctl override undo`;
}
