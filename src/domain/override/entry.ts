import { usageError } from '../errors.js';
import type { JsonValue } from '../json.js';
import { decodeString, utf8Text } from './scanned-text.js';
import { byteOf, scanMembers, strictDialect } from './scanner.js';

/** The fields an operator names; an absent one stays as it is. Strict types only, so that every reader agrees. */
export interface OverridePatch {
  /** Requests per minute, 1 to 60000. */
  readonly ratePerMin?: number;
  /** Requests beyond the first that may come at once, 0 to 100000. */
  readonly burst?: number;
  /** Displayed only, 1 to 86400 seconds. */
  readonly windowSeconds?: number;
  readonly isShadow?: boolean;
}

/** Bounds of the numbers rlctl writes, both ends allowed. */
export const overrideBounds = {
  ratePerMin: { min: 1, max: 60_000, unit: 'requests per minute' },
  burst: { min: 0, max: 100_000, unit: 'requests' },
  windowSeconds: { min: 1, max: 86_400, unit: 'seconds' },
} as const;

/** The names of the fields in the stored document, in the order in which rlctl writes them. */
export const wireNames = [
  ['ratePerMin', 'rate'],
  ['burst', 'burst'],
  ['windowSeconds', 'window'],
  ['isShadow', 'shadow'],
] as const satisfies readonly (readonly [keyof OverridePatch, string])[];

type NumberField = keyof typeof overrideBounds;

/** True where a number is written the one way in which rlctl writes it: `12`, not `012`, `1e1` or `12.0`. */
export function isPlainNumber(text: string): boolean {
  return /^(0|[1-9][0-9]{0,15})$/.test(text);
}

/** What a number field takes, in words. */
export function rangeInWords(field: NumberField): string {
  const { min, max, unit } = overrideBounds[field];
  return `a whole number from ${min} to ${max} (${unit})`;
}

function parseBounded(text: string, field: NumberField, flag: string): number {
  const { min, max } = overrideBounds[field];
  const range = rangeInWords(field);
  const shown = JSON.stringify(text);
  if (!isPlainNumber(text)) throw usageError(`${flag} ${shown} is not ${range}`, `Give ${flag} ${range}.`);
  const value = Number(text);
  if (value < min || value > max)
    throw usageError(`${flag} ${shown} is out of range: not ${range}`, `Give ${flag} ${range}.`);
  return value;
}

/** The text of `--rate`: 1 to 60000 requests per minute. Throws a usage error naming flag, value and range. */
export function parseRatePerMin(text: string, flag = '--rate'): number {
  return parseBounded(text, 'ratePerMin', flag);
}

/** The text of `--burst`: 0 to 100000 requests. Throws a usage error naming flag, value and range. */
export function parseBurst(text: string, flag = '--burst'): number {
  return parseBounded(text, 'burst', flag);
}

/** The text of `--window`: 1 to 86400 seconds. Throws a usage error naming flag, value and range. */
export function parseWindowSeconds(text: string, flag = '--window'): number {
  return parseBounded(text, 'windowSeconds', flag);
}

const longestRoute = 2048;

/**
 * A route prefix as an operator may set it: starts with `/`, no control characters, no half surrogates, no query
 * or fragment, at most 2048 characters, and no `*` at the end, since a prefix is plain text. Throws a usage error.
 */
export function parseRoutePrefix(text: string, what = 'route prefix'): string {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
  if (!text.startsWith('/'))
    throw usageError(`${what} ${shown} does not start with "/"`, `Give the path as the server sees it: "/api/search".`);
  if (/[\x00-\x1f\x7f-\x9f]/.test(text))
    throw usageError(`${what} ${shown} holds a control character`, 'Type the path again, without it.');
  if (/\p{Surrogate}/u.test(text)) throw usageError(`${what} ${shown} is not valid Unicode`, 'Type the path again.');
  if (text.length > longestRoute)
    throw usageError(
      `${what} ${shown} is longer than ${longestRoute} characters`,
      'Give a shorter prefix: it matches every route that starts with it.',
    );
  const mark = /[?#]/.exec(text)?.[0];
  if (mark !== undefined) {
    throw usageError(
      `${what} ${shown} holds "${mark}", which no path does: the server would never match it`,
      `It matches the path alone: give ${JSON.stringify(text.replace(/[?#].*$/s, ''))}.`,
    );
  }
  if (text.endsWith('*')) {
    throw usageError(
      `${what} ${shown} ends in "*", which the server takes as it is`,
      `A prefix needs no wildcard: give ${JSON.stringify(text.replace(/\*+$/, ''))}.`,
    );
  }
  return text;
}

/** One field of a stored value, with its exact text. */
export interface EntryField {
  readonly name: string;
  readonly raw: string;
  readonly value: JsonValue;
}

/**
 * The fields of a stored value for display, in its order; a repeated one with its last value at its first place.
 * `null`: the value is no object. `rawValue` must be well-formed JSON, as scanDocument leaves it.
 */
export function readEntryFields(rawValue: string): readonly EntryField[] | null {
  const bytes = Buffer.from(rawValue);
  if (bytes[0] !== byteOf.openBrace) return null;
  const fields = new Map<string, EntryField>();
  scanMembers(bytes, 0, strictDialect, 1, (keyStart, keyEnd, start, end) => {
    const name = decodeString(bytes, keyStart, keyEnd);
    const raw = utf8Text(bytes, start, end);
    fields.set(name, { name, raw, value: JSON.parse(raw) as JsonValue });
  });
  return [...fields.values()];
}
