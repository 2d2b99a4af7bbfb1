import type { DocumentMember, OverrideDocument } from './document.js';
import { utf8Text } from './scanned-text.js';
import { byteOf, scanMembers, skipWhitespace, strictDialect } from './scanner.js';

/** How an object is written: the whitespace (and colon) between its parts. */
export interface ObjectStyle {
  /** After the opening brace. */
  readonly lead: string;
  /** After each comma. */
  readonly gap: string;
  /** Between key and value, the colon included. */
  readonly colon: string;
  /** Before the closing brace. */
  readonly tail: string;
}

/** A member of a nested object: byte offsets in the text it was read from. */
export interface InnerMember {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** The members of the object whose `{` stands at `at`. */
export function innerMembers(bytes: Uint8Array, at: number): readonly InnerMember[] {
  const members: InnerMember[] = [];
  scanMembers(bytes, at, strictDialect, 1, (keyStart, keyEnd, valueStart, valueEnd) => {
    members.push({ keyStart, keyEnd, valueStart, valueEnd });
  });
  return members;
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The whitespace that ends directly before a byte. */
function whitespaceBefore(bytes: Uint8Array, end: number): string {
  let start = end;
  while (start > 0 && isWhitespace(bytes[start - 1])) start -= 1;
  return utf8Text(bytes, start, end);
}

/** The offset after a member's key: back from the value over whitespace and the colon. */
function keyEndOf(bytes: Uint8Array, valueStart: number): number {
  const colon = valueStart - whitespaceBefore(bytes, valueStart).length - 1;
  return colon - whitespaceBefore(bytes, colon).length;
}

/** How the non-empty object that ends before `end` writes itself. */
export function styleOfMembers(bytes: Uint8Array, members: readonly InnerMember[], end: number): ObjectStyle | null {
  const [first, second] = members;
  if (first === undefined) return null;
  const lead = whitespaceBefore(bytes, first.keyStart);
  const colon = utf8Text(bytes, first.keyEnd, first.valueStart);
  const oneLineGap = colon.endsWith(' ') ? ' ' : '';
  const gap = second !== undefined ? whitespaceBefore(bytes, second.keyStart) : lead.includes('\n') ? lead : oneLineGap;
  return { lead, gap, colon, tail: whitespaceBefore(bytes, end - 1) };
}

/** How the document itself is written. An empty one that spans lines is taken as indented by two. */
export function styleOfDocument(document: OverrideDocument): ObjectStyle {
  const { bytes, members, open, close } = document;
  const inner = members
    .slice(0, 2)
    .map((member) => ({ ...member, keyStart: member.start, keyEnd: keyEndOf(bytes, member.valueStart) }));
  const style = styleOfMembers(bytes, inner, close + 1);
  if (style !== null) return style;
  const tail = utf8Text(bytes, open + 1, close);
  if (!tail.includes('\n')) return { lead: tail, gap: tail, colon: tail === '' ? ':' : ': ', tail };
  return { lead: '\n  ', gap: '\n  ', colon: ': ', tail };
}

/** How a value is written where no neighbour shows it: on one line if the document is, else indented once more. */
function derivedStyle({ lead, gap, colon, tail }: ObjectStyle): ObjectStyle {
  if (!lead.includes('\n')) return { lead: '', gap: gap === '' && !colon.endsWith(' ') ? '' : ' ', colon, tail: '' };
  const outer = lead.slice(lead.lastIndexOf('\n') + 1);
  const closing = tail.slice(tail.lastIndexOf('\n') + 1);
  const step = outer.startsWith(closing) && outer.length > closing.length ? outer.slice(closing.length) : '  ';
  return { lead: lead + step, gap: lead + step, colon, tail: lead };
}

/** Members to look at for a style before giving up: a document of a hundred thousand lists need not be read through. */
const neighboursLookedAt = 16;

/** How a new value at position `index` is to be written: as its neighbours write theirs. */
export function styleOfValues(document: OverrideDocument, index: number): ObjectStyle {
  const { bytes, members } = document;
  const near = [
    ...members.slice(Math.max(0, index - 1), index + neighboursLookedAt),
    ...members.slice(0, neighboursLookedAt),
  ];
  for (const member of near) {
    const style = styleOfValue(bytes, member);
    if (style !== null) return style;
  }
  return derivedStyle(styleOfDocument(document));
}

/** How a stored value writes itself; `null`: it is no object, or an empty one. */
export function styleOfValue(bytes: Uint8Array, { valueStart, valueEnd }: DocumentMember): ObjectStyle | null {
  if (bytes[valueStart] !== byteOf.openBrace) return null;
  if (skipWhitespace(bytes, valueStart + 1) === valueEnd - 1) return null;
  return styleOfMembers(bytes, innerMembers(bytes, valueStart), valueEnd);
}

/** An object of these fields, written in the style. No field: `{}`. */
export function writeObject(fields: readonly (readonly [name: string, raw: string])[], style: ObjectStyle): string {
  if (fields.length === 0) return '{}';
  const written = fields.map(([name, raw]) => `${JSON.stringify(name)}${style.colon}${raw}`);
  return `{${style.lead}${written.join(`,${style.gap}`)}${style.tail}}`;
}
