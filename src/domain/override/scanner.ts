/** Which JSON the scanner accepts. */
export interface Dialect {
  /** Containers inside containers; the outermost one counts as 1. */
  readonly maxDepth: number;
  /** `NaN`, `Infinity` and `-Infinity`, as Python's reader takes them. */
  readonly allowsNonFinite: boolean;
  /** Digits of an integer literal; Infinity: any number of them. */
  readonly maxIntegerDigits: number;
}

/** What rlctl accepts in a document it is going to change: RFC 8259 and nothing else. */
export const strictDialect: Dialect = { maxDepth: 64, allowsNonFinite: false, maxIntegerDigits: Infinity };

/** Why and where (byte offset) the text is not JSON of the dialect. Never leaves the domain as it is. */
export class JsonFault extends Error {
  constructor(
    readonly reason: string,
    readonly offset: number,
  ) {
    super(reason);
  }
}

/**
 * Called for each member of an object, with byte offsets: the key's quotes included, the ends exclusive. A plain key is
 * ASCII without escapes: its text is its bytes.
 */
export type MemberVisitor = (
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  isPlainKey: boolean,
) => void;

export const byteOf = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** 1 for the bytes that stand for themselves inside a string: printable ASCII but quote and backslash. */
const plainInString = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== byteOf.quote && byte !== byteOf.backslash ? 1 : 0,
);

// `bytes[at] as number` below: reading past the end gives `undefined`, which equals no byte, so every comparison fails and
// the fault branch is reached. The cast is written out, since a call for each byte costs as much again in a short run.

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** A byte as an error shows it. */
function nameByte(bytes: Uint8Array, at: number): string {
  const byte = bytes[at];
  if (byte === undefined) return 'the end';
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}

function expected(what: string, bytes: Uint8Array, at: number): JsonFault {
  return new JsonFault(`expected ${what}, found ${nameByte(bytes, at)}`, Math.min(at, bytes.length));
}

/** The offset of the first byte that is not JSON whitespace. */
export function skipWhitespace(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at] as number;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

/** The length of the well-formed UTF-8 sequence that starts here (2 to 4); 0 where it is none (overlong, surrogate, cut off). */
function utf8SequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  const second = bytes[at + 1] as number;
  if (!isContinuation(second) || lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  if (!isContinuation(bytes[at + 2] as number)) return 0;
  if (lead < 0xf0) return (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second >= 0xa0) ? 0 : 3;
  if (!isContinuation(bytes[at + 3] as number)) return 0;
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second >= 0x90) ? 0 : 4;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}

function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 1]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      for (let digit = at + 2; digit < at + 6; digit += 1) {
        if (!isHexDigit(bytes[digit] as number)) throw expected('four hexadecimal digits after \\u', bytes, digit);
      }
      return at + 6;
    default:
      throw expected('an escape that JSON knows after \\', bytes, at + 1);
  }
}

/** Skips a string's uncommon part: an escape, a character beyond ASCII, or the fault that ends it. */
function skipSpecial(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (byte === byteOf.backslash) return skipEscape(bytes, at);
  if (byte === undefined) throw new JsonFault('the text ends inside a string', bytes.length);
  if (byte < 0x20) throw new JsonFault(`unescaped control character (${nameByte(bytes, at)}) in a string`, at);
  const length = utf8SequenceLength(bytes, at);
  if (length === 0) throw new JsonFault(`invalid UTF-8 (${nameByte(bytes, at)})`, at);
  return at + length;
}

/** The offset of the first byte from `start` that does not stand for itself inside a string. */
function skipPlain(bytes: Uint8Array, start: number): number {
  let at = start;
  while (plainInString[bytes[at] as number] === 1) at += 1;
  return at;
}

/** Skips the rest of a string from any of its characters on; returns the offset after the closing quote. */
function skipRest(bytes: Uint8Array, start: number): number {
  let at = skipPlain(bytes, start);
  while (bytes[at] !== byteOf.quote) at = skipPlain(bytes, skipSpecial(bytes, at));
  return at + 1;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at] as number)) at += 1;
  if (at === start) throw expected('a digit', bytes, at);
  return at;
}

function skipExponent(bytes: Uint8Array, start: number): number {
  const byte = bytes[start] as number;
  if (byte !== 0x65 && byte !== 0x45) return start;
  const sign = bytes[start + 1] as number;
  return skipDigits(bytes, sign === 0x2b || sign === byteOf.minus ? start + 2 : start + 1);
}

/** Skips fraction and exponent, whichever are there. */
function skipFraction(bytes: Uint8Array, whole: number): number {
  const fraction = bytes[whole] === 0x2e ? skipDigits(bytes, whole + 1) : whole;
  return skipExponent(bytes, fraction);
}

function skipNumber(bytes: Uint8Array, start: number, dialect: Dialect): number {
  const first = bytes[start] === byteOf.minus ? start + 1 : start;
  if (first > start && dialect.allowsNonFinite && bytes[first] === 0x49) {
    return skipWord(bytes, first, 'Infinity');
  }
  const whole = bytes[first] === 0x30 ? first + 1 : skipDigits(bytes, first);
  const end = skipFraction(bytes, whole);
  if (end === whole && end - first > dialect.maxIntegerDigits) {
    throw new JsonFault(`an integer of more than ${dialect.maxIntegerDigits} digits`, start);
  }
  return end;
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word.charCodeAt(index)) throw expected(`"${word}"`, bytes, at + index);
  }
  return at + word.length;
}

/** Called for each item of a list, with byte offsets; the end is exclusive. */
type ItemVisitor = (start: number, end: number) => void;

/** Scans the list whose `[` stands at `start` and visits each item in order. Returns the offset after its `]`. */
export function scanItems(
  bytes: Uint8Array,
  start: number,
  dialect: Dialect,
  depth: number,
  visit: ItemVisitor,
): number {
  let at = skipWhitespace(bytes, start + 1);
  if (bytes[at] === byteOf.closeBracket) return at + 1;
  for (;;) {
    const end = skipValue(bytes, at, dialect, depth);
    visit(at, end);
    at = skipWhitespace(bytes, end);
    const byte = bytes[at] as number;
    if (byte === byteOf.closeBracket) return at + 1;
    if (byte !== byteOf.comma) throw expected("',' or ']'", bytes, at);
    at = skipWhitespace(bytes, at + 1);
  }
}

function ignoreItem(): void {}

function ignoreMember(): void {}

/** The usual number: a few digits up to a comma or brace. Gives its end, or 0 where it takes a closer look. */
function skipPlainInteger(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  if (bytes[start] !== 0x30) while (isDigit(bytes[at] as number)) at += 1;
  const next = bytes[at] as number;
  return (next === byteOf.comma || next === byteOf.closeBrace) && at - start < 16 ? at : 0;
}

/** The offset after the value that starts at `at`. `depth`: how many containers it stands in. */
function skipValue(bytes: Uint8Array, at: number, dialect: Dialect, depth: number): number {
  const byte = bytes[at] as number;
  if (byte === byteOf.quote) return skipRest(bytes, at + 1);
  if (isDigit(byte)) return skipPlainInteger(bytes, at) || skipNumber(bytes, at, dialect);
  if (byte === byteOf.minus) return skipNumber(bytes, at, dialect);
  if (byte === 0x74) return skipWord(bytes, at, 'true');
  if (byte === 0x66) return skipWord(bytes, at, 'false');
  if (byte === 0x6e) return skipWord(bytes, at, 'null');
  if (byte === byteOf.openBrace || byte === byteOf.openBracket) {
    if (depth >= dialect.maxDepth) throw new JsonFault(`nested more than ${dialect.maxDepth} deep`, at);
    if (byte === byteOf.openBracket) return scanItems(bytes, at, dialect, depth + 1, ignoreItem);
    return scanMembers(bytes, at, dialect, depth + 1, ignoreMember);
  }
  if (dialect.allowsNonFinite && byte === 0x4e) return skipWord(bytes, at, 'NaN');
  if (dialect.allowsNonFinite && byte === 0x49) return skipWord(bytes, at, 'Infinity');
  throw expected('a value', bytes, at);
}

/**
 * Scans the object whose `{` stands at `start` and visits each member in order. Returns the offset after its `}`.
 * `depth` counts this object. Throws a JsonFault at the first byte that breaks the grammar.
 */
export function scanMembers(
  bytes: Uint8Array,
  start: number,
  dialect: Dialect,
  depth: number,
  visit: MemberVisitor,
): number {
  let at = skipWhitespace(bytes, start + 1);
  if (bytes[at] === byteOf.closeBrace) return at + 1;
  for (;;) {
    if (bytes[at] !== byteOf.quote) throw expected('a key in double quotes', bytes, at);
    const keyStart = at;
    const plainEnd = skipPlain(bytes, at + 1);
    const isPlainKey = bytes[plainEnd] === byteOf.quote;
    const keyEnd = isPlainKey ? plainEnd + 1 : skipRest(bytes, plainEnd);
    at = skipWhitespace(bytes, keyEnd);
    if (bytes[at] !== byteOf.colon) throw expected("':'", bytes, at);
    const valueStart = skipWhitespace(bytes, at + 1);
    const valueEnd = skipValue(bytes, valueStart, dialect, depth);
    visit(keyStart, keyEnd, valueStart, valueEnd, isPlainKey);
    at = skipWhitespace(bytes, valueEnd);
    const byte = bytes[at] as number;
    if (byte === byteOf.closeBrace) return at + 1;
    if (byte !== byteOf.comma) throw expected("',' or '}'", bytes, at);
    at = skipWhitespace(bytes, at + 1);
  }
}

/** Scans a text that must be one object: visits its members, returns the offsets of its braces. */
export function scanObject(
  bytes: Uint8Array,
  dialect: Dialect,
  visit: MemberVisitor,
): { readonly open: number; readonly close: number } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new JsonFault('a byte order mark stands before the JSON', 0);
  }
  const open = skipWhitespace(bytes, 0);
  if (bytes[open] !== byteOf.openBrace) throw notAnObject(bytes, open);
  const after = scanMembers(bytes, open, dialect, 1, visit);
  const rest = skipWhitespace(bytes, after);
  if (rest < bytes.length) throw new JsonFault(`something follows the object: ${nameByte(bytes, rest)}`, rest);
  return { open, close: after - 1 };
}

function notAnObject(bytes: Uint8Array, at: number): JsonFault {
  if (bytes.length === 0) return new JsonFault('the document is an empty string', 0);
  const byte = bytes[at] as number;
  if (byte === byteOf.openBracket) return new JsonFault('a JSON list, not an object', at);
  return expected("the '{' of a JSON object", bytes, at);
}
