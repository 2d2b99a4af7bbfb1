import type { JsonValue } from '../json.js';

/** A field's stored value. `bigint`: an integer that a double cannot hold exactly; NaN and ±Infinity as the server's reader accepts them. */
export type FieldValue = JsonValue | bigint;

/**
 * One field as the server reads it. `isExact` is false where the stored type or value differs from what is read
 * (`"12"`, `12.9`, `true` for a number; anything but a boolean for shadow).
 */
export type Coerced<T> =
  | { readonly kind: 'value'; readonly value: T; readonly isExact: boolean }
  | { readonly kind: 'invalid'; readonly why: string }
  | { readonly kind: 'absent' };

/** Python refuses to convert longer texts and literals to integers (since 3.10.7). */
export const maxIntegerDigits = 4300;

/** What Python's int() strips once a text holds any non-ASCII character; ASCII texts lose only the first six. */
const asciiSpace = '\\t\\n\\v\\f\\r ';
const wideSpace = `${asciiSpace}\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000`;
const asciiInteger = new RegExp(`^[${asciiSpace}]*([+-]?)(\\d+(?:_\\d+)*)[${asciiSpace}]*$`);
const wideInteger = new RegExp(`^[${wideSpace}]*([+-]?)(\\p{Nd}+(?:_\\p{Nd}+)*)[${wideSpace}]*$`, 'u');

/** The value of a decimal digit of any script: their blocks hold ten in a row, zero first. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return code - 0x30;
  let distance = 0;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(code - distance - 1))) distance += 1;
  return distance % 10;
}

function coerceText(text: string): Coerced<number> {
  const isAscii = /^[\x00-\x7f]*$/.test(text);
  const match = (isAscii ? asciiInteger : wideInteger).exec(text);
  if (match === null) return { kind: 'invalid', why: 'the text is no whole number' };
  const digits = Array.from((match[2] ?? '').replaceAll('_', ''));
  if (digits.length > maxIntegerDigits) return { kind: 'invalid', why: `more than ${maxIntegerDigits} digits` };
  const value = Number((isAscii ? digits : digits.map(digitValue)).join(''));
  // `0 -` keeps "-0" an ordinary zero, as Python's integers have no other.
  return { kind: 'value', value: match[1] === '-' ? 0 - value : value, isExact: false };
}

/**
 * A field as the server's `int()` reads it: integers as they are, `12.9` → 12, `true` → 1, `"1_000"` → 1000, `" 7 "` → 7,
 * digits of any script; `null`, lists, objects, `"12.5"`, NaN and infinities are invalid, and so the whole entry is skipped.
 * Integers beyond a double's precision come back rounded (as every JSON reader shows the server's own answer).
 */
export function coerceInteger(json: FieldValue | undefined): Coerced<number> {
  switch (typeof json) {
    case 'undefined':
      return { kind: 'absent' };
    case 'number':
      if (!Number.isFinite(json)) return { kind: 'invalid', why: 'it is no finite number' };
      return { kind: 'value', value: Math.trunc(json) + 0, isExact: Number.isInteger(json) };
    case 'bigint':
      return { kind: 'value', value: Number(json), isExact: true };
    case 'boolean':
      return { kind: 'value', value: json ? 1 : 0, isExact: false };
    case 'string':
      return coerceText(json);
    default:
      return { kind: 'invalid', why: 'it is no number' };
  }
}

function isTruthy(json: FieldValue): boolean {
  if (json === null) return false;
  if (typeof json === 'object') return Array.isArray(json) ? json.length > 0 : Object.keys(json).length > 0;
  // NaN is true in Python, unlike here.
  return Number.isNaN(json) || Boolean(json);
}

/**
 * A field as the server's `bool()` reads it. It never fails: `"false"` is true (a non-empty text), `null`, `0`, `""`, `[]` and
 * `{}` are false, NaN is true. So `shadow: null` enforces; only a number field's `null` makes the entry be skipped.
 */
export function coerceBoolean(json: FieldValue | undefined): Coerced<boolean> {
  if (json === undefined) return { kind: 'absent' };
  return { kind: 'value', value: isTruthy(json), isExact: typeof json === 'boolean' };
}
