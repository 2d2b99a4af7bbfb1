import { rawValue, type DocumentMember, type OverrideDocument } from './document.js';
import type { RouteChange, Splice } from './history.js';
import { insertMember, neighboursAt, neighboursOf, removeMember } from './placement.js';
import { utf8Text } from './scanned-text.js';
import { applySplices } from './splices.js';
import { styleOfDocument } from './style.js';

/** An edit that is made of splices: the bytes after, the splices in order, and what they do (empty: nothing). */
export interface SplicedEdit {
  readonly next: Uint8Array;
  readonly splices: readonly Splice[];
  readonly changes: readonly RouteChange[];
}

/** The edit that does nothing. */
export function noEdit(document: OverrideDocument): SplicedEdit {
  return { next: document.bytes, splices: [], changes: [] };
}

function spliced(document: OverrideDocument, splices: readonly Splice[], change: RouteChange): SplicedEdit {
  return { next: applySplices(document.bytes, splices), splices, changes: [change] };
}

/** Inserts a new entry before position `index` (the number of members: at the end), written as its neighbours are. */
export function addEntry(document: OverrideDocument, route: string, raw: string, index: number): SplicedEdit {
  const text = JSON.stringify(route) + styleOfDocument(document).colon + raw;
  const change = { route, before: null, after: raw, ...neighboursAt(document, index) };
  return spliced(document, [insertMember(document, index, text)], change);
}

/** Removes an entry with its separator. */
export function removeEntry(document: OverrideDocument, member: DocumentMember): SplicedEdit {
  const change = {
    route: member.key,
    before: rawValue(document, member),
    after: null,
    ...neighboursOf(document, member),
  };
  return spliced(document, [removeMember(document, member)], change);
}

/**
 * Gives an entry another value and another place: before position `index`, counted in the document as it is; `null`: it
 * stays. Its key keeps its spelling. The change's neighbours are those of the old place.
 */
export function changeEntry(
  document: OverrideDocument,
  member: DocumentMember,
  raw: string,
  index: number | null,
): SplicedEdit {
  const before = rawValue(document, member);
  const change = { route: member.key, before, after: raw, ...neighboursOf(document, member) };
  if (index === null || index === member.index || index === member.index + 1) {
    if (raw === before) return noEdit(document);
    return spliced(document, [{ at: member.valueStart, removed: before, inserted: raw }], change);
  }
  const text = utf8Text(document.bytes, member.start, member.valueStart) + raw;
  const [removal, insertion] = [removeMember(document, member), insertMember(document, index, text)];
  // The later one first, so that both offsets are those of the document before.
  return spliced(document, removal.at > insertion.at ? [removal, insertion] : [insertion, removal], change);
}
