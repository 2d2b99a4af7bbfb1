import { startsRoute } from '../policy/matching.js';
import type { DocumentMember, OverrideDocument } from './document.js';
import type { Splice } from './history.js';
import { utf8Text } from './scanned-text.js';
import { styleOfDocument } from './style.js';

/** The keys beside a position; `null`: there is none. */
export interface Neighbours {
  readonly previous: string | null;
  readonly next: string | null;
}

/** True where an entry `prefix` that stands earlier takes every route that `route` could match. */
export function hides(prefix: string, route: string): boolean {
  return startsRoute(prefix, route);
}

/** The position at which a new entry is inserted so that none before it hides it; at most the number of members. */
export function automaticIndex(document: OverrideDocument, route: string): number {
  const index = document.members.findIndex(({ key }) => hides(key, route));
  return index === -1 ? document.members.length : index;
}

/** The keys beside an existing member. */
export function neighboursOf({ members }: OverrideDocument, { index }: Pick<DocumentMember, 'index'>): Neighbours {
  return { previous: members[index - 1]?.key ?? null, next: members[index + 1]?.key ?? null };
}

/** The keys beside what is inserted before position `index`. */
export function neighboursAt({ members }: OverrideDocument, index: number): Neighbours {
  return { previous: members[index - 1]?.key ?? null, next: members[index]?.key ?? null };
}

/**
 * The splice that inserts a member's text (`"key":value`) before position `index`, separated as the document separates its
 * members. The number of members as index: at the end.
 */
export function insertMember(document: OverrideDocument, index: number, text: string): Splice {
  const { members, open } = document;
  const style = styleOfDocument(document);
  const next = members[index];
  const last = members.at(-1);
  if (next !== undefined) return { at: next.start, removed: '', inserted: `${text},${style.gap}` };
  if (last !== undefined) return { at: last.valueEnd, removed: '', inserted: `,${style.gap}${text}` };
  return { at: open + 1, removed: '', inserted: style.lead + text };
}

/** The splice that removes a member together with one comma and the whitespace that set it off. */
export function removeMember(document: OverrideDocument, member: DocumentMember): Splice {
  const { bytes, members, open } = document;
  const next = members[member.index + 1];
  const previous = members[member.index - 1];
  const [start, end] =
    next !== undefined
      ? [member.start, next.start]
      : [previous === undefined ? open + 1 : previous.valueEnd, member.valueEnd];
  return { at: start, removed: utf8Text(bytes, start, end), inserted: '' };
}
