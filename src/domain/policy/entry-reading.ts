import { decodeKey, decodeString, latin1Text, utf8Text } from '../override/scanned-text.js';
import { JsonFault, scanMembers, skipWhitespace, type Dialect, type MemberVisitor } from '../override/scanner.js';
import { coerceBoolean, coerceInteger, maxIntegerDigits, type FieldValue } from './coercion.js';

/**
 * Python's json.loads as the server calls it. Its nesting limit is the interpreter's recursion limit of 1000 less the frames
 * in use, so about this much is left in a serving process.
 */
export const pythonDialect: Dialect = { maxDepth: 900, allowsNonFinite: true, maxIntegerDigits };

/** A scanned text: the bytes, and the same as latin1Text gives them. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly latin1: string;
}

/** What the server makes of one entry's value. */
export interface EntryReading {
  /** `null`: the server skips the entry when matching. */
  readonly fields: ReadFields | null;
  readonly skippedBecause: string | null;
  readonly notes: readonly string[];
  /** True where one of the server's own fields stands in it more than once. */
  readonly isRepeating: boolean;
}

interface ReadFields {
  ratePerMin?: number;
  burst?: number;
  windowSeconds?: number;
  isShadow?: boolean;
}

/** The fields the server knows, in the order in which it reads them, so that the reason named for a skip is its own. */
export const fieldNames: readonly string[] = ['rate', 'burst', 'window', 'shadow'];
const numberFields = ['ratePerMin', 'burst', 'windowSeconds'] as const;
const shadowIndex = 3;
const noNotes: readonly string[] = [];

/** A list or object counts by being empty or not; nothing looks inside. */
function containerStandIn(bytes: Uint8Array, start: number, end: number): FieldValue {
  const isEmpty = skipWhitespace(bytes, start + 1) === end - 1;
  if (bytes[start] === 0x5b) return isEmpty ? [] : [null];
  return isEmpty ? {} : { '': null };
}

function readNumber({ bytes, latin1 }: Source, start: number, end: number): FieldValue {
  let value = 0;
  let at = start;
  for (let digit = digitAt(bytes, at); digit >= 0 && digit <= 9 && at < end; digit = digitAt(bytes, at)) {
    value = value * 10 + digit;
    at += 1;
  }
  // Only a long literal can exceed what a double holds exactly.
  if (at === end && end - start < 16) return value;
  const text = latin1.slice(start, end);
  return /^-?\d{16,}$/.test(text) ? BigInt(text) : Number(text);
}

function digitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) - 0x30;
}

/** The value that stands in a range of well-formed text; of a list or object only whether it is empty. */
export function readValue(source: Source, start: number, end: number): FieldValue {
  const { bytes } = source;
  switch (bytes[start]) {
    case 0x74: // true
      return true;
    case 0x66: // false
      return false;
    case 0x6e: // null
      return null;
    case 0x22: // "
      return decodeString(bytes, start, end);
    case 0x5b: // [
    case 0x7b: // {
      return containerStandIn(bytes, start, end);
    default:
      return readNumber(source, start, end);
  }
}

/** A value's own text, short enough for a sentence. */
export function quoteValue({ bytes }: Source, start: number, end: number): string {
  const characters = Array.from(utf8Text(bytes, start, Math.min(end, start + 200)));
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : characters.join('');
}

/** What follows from a number that the server takes but that makes a limit nobody wants. */
/** Why a value of a field (`rate`, `burst`) blocks everybody; `null`: it does not. */
export function consequence(name: string, value: number): string | null {
  if (name === 'rate' && value <= 0) {
    return `rate ${value} gives no interval: the server's division fails or every request is blocked`;
  }
  if (name === 'rate' && value > 60_000) return `rate ${value} makes the interval 0 ms, which blocks every request`;
  if (name === 'burst' && value < 0) return `burst ${value} is below 0: a caller not seen before never gets through`;
  return null;
}

/** The index of the field name that stands at `start`; -1: it is another name. Makes no string. */
function plainFieldIndex(latin1: string, start: number, length: number): number {
  for (let index = 0; index < fieldNames.length; index += 1) {
    const name = fieldNames[index] ?? '';
    if (name.length === length && latin1.startsWith(name, start)) return index;
  }
  return -1;
}

/** Reads entries of one source; built for a hundred thousand of them, so it keeps its scratch space. */
export class EntryReader {
  readonly #source: Source;
  /** By index of fieldNames: where the value stands (of repeated fields the last), 0 where the field is absent. */
  readonly #starts = [0, 0, 0, 0];
  readonly #ends = [0, 0, 0, 0];
  readonly #visit: MemberVisitor;
  #others: Set<string> | null = null;
  #notes: string[] | null = null;
  #isRepeating = false;

  constructor(source: Source) {
    this.#source = source;
    this.#visit = (keyStart, keyEnd, valueStart, valueEnd, isPlain) => {
      const { bytes, latin1 } = source;
      const index = isPlain
        ? plainFieldIndex(latin1, keyStart + 1, keyEnd - keyStart - 2)
        : fieldNames.indexOf(decodeString(bytes, keyStart, keyEnd));
      if (index === -1) (this.#others ??= new Set()).add(decodeKey(bytes, latin1, keyStart, keyEnd, isPlain));
      else {
        if (this.#starts[index] !== 0) this.#isRepeating = true;
        this.#starts[index] = valueStart;
        this.#ends[index] = valueEnd;
      }
    };
  }

  /** Reads the entry whose value, a well-formed object, starts at byte `at`. Throws a JsonFault on an integer too long. */
  read(at: number): EntryReading {
    this.#starts.fill(0);
    this.#others = null;
    this.#notes = null;
    this.#isRepeating = false;
    scanMembers(this.#source.bytes, at, pythonDialect, 2, this.#visit);
    for (const name of this.#others ?? noNotes) this.#note(`field ${JSON.stringify(name)} is ignored by the server`);
    const fields: ReadFields = {};
    const skippedBecause = this.#readNumbers(fields);
    if (skippedBecause !== null) return this.#reading(null, skippedBecause);
    this.#readShadow(fields);
    if (this.#starts.every((start) => start === 0)) {
      this.#note('it sets no field the server knows, yet it matches and hides later prefixes');
    }
    return this.#reading(fields, null);
  }

  #reading(fields: ReadFields | null, skippedBecause: string | null): EntryReading {
    return { fields, skippedBecause, notes: this.#notes ?? noNotes, isRepeating: this.#isRepeating };
  }

  #note(note: string): void {
    (this.#notes ??= []).push(note);
  }

  /** Reads the number fields; returns why the server skips the entry, or `null`. */
  #readNumbers(fields: ReadFields): string | null {
    for (let index = 0; index < numberFields.length; index += 1) {
      const start = this.#starts[index] ?? 0;
      if (start === 0) continue;
      const why = this.#readNumber(fields, index, start, this.#ends[index] ?? 0);
      if (why !== null) return why;
    }
    return null;
  }

  #readNumber(fields: ReadFields, index: number, start: number, end: number): string | null {
    const name = fieldNames[index] ?? '';
    const coerced = coerceInteger(readValue(this.#source, start, end));
    if (coerced.kind === 'invalid') {
      return `${name} ${quoteValue(this.#source, start, end)} cannot be read as a whole number: ${coerced.why}`;
    }
    if (coerced.kind !== 'value') return null;
    fields[numberFields[index] ?? 'burst'] = coerced.value;
    if (!coerced.isExact) this.#note(`${name} ${quoteValue(this.#source, start, end)} is read as ${coerced.value}`);
    const follows = consequence(name, coerced.value);
    if (follows !== null) this.#note(follows);
    return null;
  }

  #readShadow(fields: ReadFields): void {
    const [start, end] = [this.#starts[shadowIndex] ?? 0, this.#ends[shadowIndex] ?? 0];
    const coerced = coerceBoolean(start === 0 ? undefined : readValue(this.#source, start, end));
    if (coerced.kind !== 'value') return;
    fields.isShadow = coerced.value;
    if (!coerced.isExact) this.#note(`shadow ${quoteValue(this.#source, start, end)} is read as ${coerced.value}`);
  }
}

/** Tells for a well-formed value that starts at a byte of this text whether the server can use it as an entry. */
export function usabilityIn(bytes: Uint8Array): (valueStart: number) => boolean {
  const reader = new EntryReader({ bytes, latin1: latin1Text(bytes) });
  return (valueStart) => {
    if (bytes[valueStart] !== 0x7b) return false;
    try {
      return reader.read(valueStart).fields !== null;
    } catch (error) {
      // Well-formed for rlctl, but an integer too long for the server.
      if (error instanceof JsonFault) return false;
      throw error;
    }
  };
}

/** True where the server can use an entry of this value (well-formed JSON): an object whose number fields it can read. */
export function isUsableEntry(value: Uint8Array): boolean {
  return usabilityIn(value)(0);
}
