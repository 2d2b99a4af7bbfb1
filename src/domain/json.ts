/** A value as JSON can hold it. Objects may carry keys such as `__proto__` as plain own properties: never copy them by assignment. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** True for an object with fields, and not for a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whitespace outside strings removed, every other character kept: number spellings, escapes and key order stay.
 * `json` must be well-formed.
 */
export function minifyJson(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g, '$1');
}

/** True where two JSON texts differ at most in whitespace. Stricter than equality of values: `1.0` is not `1`. */
export function isSameJson(left: string | null, right: string | null): boolean {
  if (left === right) return true;
  return left !== null && right !== null && minifyJson(left) === minifyJson(right);
}
