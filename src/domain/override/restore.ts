import type { OverrideDocument } from './document.js';
import { diffDocuments } from './diff.js';
import { replaceDocument, type Edit } from './edit.js';
import { noEdit } from './entry-edit.js';
import type { Splice } from './history.js';

/** True at a byte that goes on with a character. */
function isInside(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

/** The one splice that turns these bytes into those; both are UTF-8, and it cuts no character. */
function spliceBetween(before: Uint8Array, after: Uint8Array): Splice {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  while (head > 0 && (isInside(before, head) || isInside(after, head))) head -= 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  while (tail > 0 && isInside(before, before.length - tail)) tail -= 1;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(head, bytes.length - tail)).toString('utf8');
  return { at: head, removed: text(before), inserted: text(after) };
}

/**
 * The edit that brings a document back to the byte. As one splice, so that it can be taken back route by route; as a whole
 * where entries change places, which a splice does not tell, and where that is shorter. The same bytes: no change. Throws
 * what scanDocument throws where `after` is no sound document.
 */
export function restoreDocument(before: OverrideDocument, after: OverrideDocument): Edit {
  if (Buffer.from(before.bytes).equals(after.bytes)) return noEdit(before);
  const whole = replaceDocument(before, after.bytes);
  if (diffDocuments(before, after).some(({ isMoved }) => isMoved)) return whole;
  const splice = spliceBetween(before.bytes, after.bytes);
  const size = splice.removed.length + splice.inserted.length;
  return size > after.bytes.length ? whole : { ...whole, splices: [splice] };
}
