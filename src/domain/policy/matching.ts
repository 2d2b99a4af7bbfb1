import type { Policy } from '../control-plane.js';
import { decodeKey, latin1Text } from '../override/scanned-text.js';
import { JsonFault, scanObject } from '../override/scanner.js';
import { consequence, EntryReader, pythonDialect, type EntryReading, type Source } from './entry-reading.js';

/** What an override sets, as the server reads it. An absent field leaves the bucket's own value. */
export interface OverrideFields {
  /** Requests per minute; any integer, out of bounds included. */
  readonly ratePerMin?: number;
  readonly burst?: number;
  readonly windowSeconds?: number;
  readonly isShadow?: boolean;
}

/** One entry as the server holds it. */
export interface LoadedOverride {
  readonly prefix: string;
  /** `null`: the server skips this entry when matching, in favour of the next match. */
  readonly fields: OverrideFields | null;
  /** Why it is skipped; `null`: it is not. */
  readonly skippedBecause: string | null;
  /** Values read differently than stored, fields ignored, limits that block everyone: sentences for the operator. */
  readonly notes: readonly string[];
}

/** An entry that the server drops while loading. */
export interface VanishedOverride {
  readonly prefix: string;
  /** A sentence: `its value is a list, not an object`. */
  readonly because: string;
}

/** The document as the server holds it. */
export interface LoadedOverrides {
  /** The entries that are objects, in the server's order. */
  readonly entries: readonly LoadedOverride[];
  /** The entries that are no objects: the server drops them in silence. Absent: there are none. */
  readonly vanished?: readonly VanishedOverride[];
  /** Entries that can win a match. */
  readonly usableCount: number;
  /** Entries that are objects: what a reload's answer counts. */
  readonly objectCount: number;
  /** Why the whole document is unreadable for the server, which then holds no override at all; `null`: it is readable. */
  readonly droppedBecause: string | null;
}

const noOverrides: LoadedOverrides = { entries: [], usableCount: 0, objectCount: 0, droppedBecause: null };

/**
 * What the server makes of each top-level value (a sentence: why it drops it), as Python's dict ends up: the last value of a
 * key stands at the first one's position, as in a Map. Entries of the same bytes, of which a document has many, are read once.
 */
function readValues(source: Source): ReadonlyMap<string, EntryReading | string> {
  const { bytes, latin1 } = source;
  const reader = new EntryReader(source);
  const readings = new Map<string, EntryReading>();
  const values = new Map<string, EntryReading | string>();
  scanObject(bytes, pythonDialect, (keyStart, keyEnd, valueStart, valueEnd, isPlain) => {
    const prefix = decodeKey(bytes, latin1, keyStart, keyEnd, isPlain);
    const because = whyVanished(bytes[valueStart]);
    if (because !== null) return void values.set(prefix, because);
    const text = latin1.slice(valueStart, valueEnd);
    const reading = readings.get(text) ?? reader.read(valueStart);
    readings.set(text, reading);
    values.set(prefix, reading);
  });
  return values;
}

/** Why the server drops a value that starts with this byte while loading; `null`: it is an object, and is kept. */
export function whyVanished(firstByte: number | undefined): string | null {
  return firstByte === 0x7b ? null : `its value is ${kindOf(firstByte)}, not an object`;
}

function kindOf(firstByte: number | undefined): string {
  switch (firstByte) {
    case 0x22:
      return 'a text';
    case 0x5b:
      return 'a list';
    case 0x6e:
      return 'null';
    case 0x74:
    case 0x66:
      return 'a boolean';
    default:
      return 'a number';
  }
}

function readOverrides(source: Source): LoadedOverrides {
  const entries: LoadedOverride[] = [];
  const vanished: VanishedOverride[] = [];
  let usableCount = 0;
  for (const [prefix, value] of readValues(source)) {
    if (typeof value === 'string') vanished.push({ prefix, because: value });
    else {
      const { fields, skippedBecause, notes } = value;
      if (fields !== null) usableCount += 1;
      entries.push({ prefix, fields, skippedBecause, notes });
    }
  }
  return { entries, vanished, usableCount, objectCount: entries.length, droppedBecause: null };
}

/**
 * The overrides as the server would hold them after a reload of exactly these bytes. Never throws. `null` (no key): none.
 *
 * The server decodes the bytes as UTF-8 and hands them to Python's json.loads, so `NaN` and `Infinity` are accepted (and then
 * make `int()` fail, which skips the entry), while a byte order mark, invalid UTF-8, an integer of over 4300 digits or any
 * syntax error loses every override (`droppedBecause`). Repeated keys: the last value at the first one's position.
 */
export function loadOverrides(bytes: Uint8Array | null): LoadedOverrides {
  if (bytes === null) return noOverrides;
  try {
    return readOverrides({ bytes, latin1: latin1Text(bytes) });
  } catch (error) {
    if (error instanceof JsonFault) return { ...noOverrides, droppedBecause: `${error.reason} (byte ${error.offset})` };
    throw error;
  }
}

/** Why an override blocks everybody, in a sentence; `null`: it does not, or it is in shadow. */
export function blocksEveryone({ ratePerMin, burst, isShadow }: OverrideFields): string | null {
  if (isShadow === true) return null;
  return consequence('rate', ratePerMin ?? 1) ?? consequence('burst', burst ?? 0);
}

/** The prefixes of the stored entries that the server does not use: it skips them when matching, or drops them while loading. */
export function unusedPrefixes({
  entries,
  vanished = [],
  usableCount,
  objectCount,
}: LoadedOverrides): readonly string[] {
  const skipped = objectCount === usableCount ? [] : entries.filter(({ fields }) => fields === null);
  return [...skipped, ...vanished].map(({ prefix }) => prefix);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}

/**
 * True where the server finds the prefix at the start of the route: plain text, case-sensitive, no segment boundaries,
 * compared by code points (half of a surrogate pair is no prefix of the pair).
 */
export function startsRoute(prefix: string, route: string): boolean {
  if (!route.startsWith(prefix)) return false;
  return !(isHighSurrogate(prefix.charCodeAt(prefix.length - 1)) && isLowSurrogate(route.charCodeAt(prefix.length)));
}

/**
 * The override that wins for a route: the first in order that the server can use and whose prefix starts the route. Not the
 * longest. `null`: none, and always for an empty route, which the server answers without looking at overrides.
 */
export function matchOverride(loaded: LoadedOverrides, route: string): LoadedOverride | null {
  if (route === '') return null;
  return loaded.entries.find((entry) => entry.fields !== null && startsRoute(entry.prefix, route)) ?? null;
}

/** The override's fields laid over the base policy; the base itself where there is no override or the server skips it. */
export function effectivePolicy(base: Policy, override: LoadedOverride | null): Policy {
  return override?.fields == null ? base : { ...base, ...override.fields };
}
