import { RlctlError } from '../errors.js';
import { loadOverrides } from '../policy/matching.js';
import { bytePlaces, type TextPlace } from '../text-places.js';
import { decodeKey, latin1Text, utf8Text } from './scanned-text.js';
import { JsonFault, scanObject, strictDialect } from './scanner.js';

/** One top-level member of the document. Byte offsets; ends are exclusive. */
export interface DocumentMember {
  /** The decoded key. */
  readonly key: string;
  /** Its position: order is meaning. */
  readonly index: number;
  /** The key's opening quote. */
  readonly start: number;
  /** The end of the value: `end` and `valueEnd` are the same. */
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** A document that was scanned and found well-formed. */
export interface OverrideDocument {
  readonly bytes: Uint8Array;
  readonly members: readonly DocumentMember[];
  /** Offset of the opening brace. */
  readonly open: number;
  /** Offset of the closing brace. */
  readonly close: number;
  /** The members by decoded key. */
  readonly byKey: ReadonlyMap<string, DocumentMember>;
}

/** The size over which a document is refused unless the configuration says otherwise: 16 MiB. */
export const defaultMaxDocumentBytes = 16 * 1024 * 1024;

const emptyDocument = new Uint8Array([0x7b, 0x7d]);

interface TextPosition extends TextPlace {
  /** In bytes, from 0. */
  readonly offset: number;
}

function positionOf(bytes: Uint8Array, offset: number): TextPosition {
  return { offset, ...bytePlaces(bytes)(offset) };
}

function placeInWords({ line, column, offset }: TextPosition): string {
  return `line ${line}, column ${column} (byte ${offset})`;
}

const droppedCure =
  'Do not reload: the server would drop every override. Bring back the last recorded document with "rlctl override repair", which reloads too; where none is recorded, start anew with "rlctl override set ROUTE --rate N --force".';

/** What to do depends on what the server makes of it: it takes more than rlctl does. `byHand`: what mends it, and only it. */
function cureOf(bytes: Uint8Array, byHand: string): string {
  if (loadOverrides(bytes).droppedBecause !== null) return droppedCure;
  return `${byHand}, then run "rlctl reload"; until then nothing is lost, since the server reads it ("rlctl override lint" tells how). Or bring back the last recorded document: rlctl override repair (with --dry-run it shows what that changes).`;
}

function corrupt(bytes: Uint8Array, fault: JsonFault): RlctlError {
  const place = positionOf(bytes, fault.offset);
  return new RlctlError(
    'guard',
    `the override document is not a JSON object: ${fault.reason}, at ${placeInWords(place)}`,
    {
      code: 'DOCUMENT_CORRUPT',
      hint: cureOf(bytes, 'Correct that place by hand'),
      details: { reason: fault.reason, ...place },
    },
  );
}

function duplicate(bytes: Uint8Array, key: string, first: number, second: number): RlctlError {
  const [firstPlace, place] = [positionOf(bytes, first), positionOf(bytes, second)];
  return new RlctlError(
    'guard',
    `the override document holds the key ${JSON.stringify(key)} twice: at ${placeInWords(firstPlace)} and at ${placeInWords(place)}`,
    {
      code: 'DOCUMENT_DUPLICATE_KEYS',
      hint: cureOf(
        bytes,
        'By hand, give the first one the value of the last, which is what the server uses, and remove the others',
      ),
      details: { reason: 'duplicate key', key, first: firstPlace, ...place },
    },
  );
}

function tooLarge(size: number, limit: number): RlctlError {
  return new RlctlError('guard', `the override document is ${size} bytes long; the limit is ${limit}`, {
    code: 'DOCUMENT_TOO_LARGE',
    hint: 'Raise the limit in the configuration if a document of this size is meant, or run "rlctl override repair".',
    details: { reason: 'too large', offset: limit, size, limit },
  });
}

function readMembers(bytes: Uint8Array): OverrideDocument {
  const latin1 = latin1Text(bytes);
  const members: DocumentMember[] = [];
  const byKey = new Map<string, DocumentMember>();
  const braces = scanObject(bytes, strictDialect, (start, keyEnd, valueStart, valueEnd, isPlain) => {
    const key = decodeKey(bytes, latin1, start, keyEnd, isPlain);
    const earlier = byKey.get(key);
    if (earlier !== undefined) throw duplicate(bytes, key, earlier.start, start);
    const member = { key, index: members.length, start, end: valueEnd, valueStart, valueEnd };
    members.push(member);
    byKey.set(key, member);
  });
  return { bytes, members, byKey, ...braces };
}

/**
 * Scans the stored bytes in one pass; `null` (the key does not exist) counts as `{}`. At least as strict as JSON.parse, and
 * never fooled by `__proto__`. Keys are compared decoded: `"\u002fapi"` equals `"/api"`. A key with a lone surrogate escape
 * (`"\ud800"`) is kept, since the server keeps it too; nobody can name it on a command line, so it is never touched.
 * Repeated keys inside an entry's value are left alone: the last one counts, as on the server.
 *
 * Throws RlctlError `guard`: `DOCUMENT_CORRUPT` (empty string, byte order mark, not an object, syntax, invalid UTF-8, nested
 * over 64 deep), `DOCUMENT_DUPLICATE_KEYS`, `DOCUMENT_TOO_LARGE` (over `maxBytes`). `details` has reason, offset, line, column.
 */
export function scanDocument(bytes: Uint8Array | null, limits?: { readonly maxBytes?: number }): OverrideDocument {
  const maxBytes = limits?.maxBytes ?? defaultMaxDocumentBytes;
  if (bytes !== null && bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes);
  try {
    return readMembers(bytes ?? emptyDocument);
  } catch (error) {
    throw error instanceof JsonFault ? corrupt(bytes ?? emptyDocument, error) : error;
  }
}

/** The member of this decoded key; `undefined`: there is none. */
export function findMember(document: OverrideDocument, key: string): DocumentMember | undefined {
  return document.byKey.get(key);
}

/** The exact JSON text of a member's value. */
export function rawValue(document: OverrideDocument, member: DocumentMember): string {
  return utf8Text(document.bytes, member.valueStart, member.valueEnd);
}
