/** A key beside the override document, and the type that Redis gives it; `null`: it was not asked. */
export interface KeySeen {
  readonly key: string;
  readonly type: string | null;
}

/** The forms of keys that servers of this family write, as they are shown: identities stand for themselves nowhere. */
const forms: readonly (readonly [form: string, pattern: RegExp, types: readonly string[]])[] = [
  ['BUCKET:user:ID', /^[^:{}]+:user:.+$/, ['string']],
  ['BUCKET:ip:ADDRESS', /^[^:{}]+:ip:.+$/, ['string']],
  ['lock:USER:checkout', /^lock:[^:]+:checkout$/, ['string']],
  ['lock:USER:ROUTE', /^lock:[^:]+:(?!checkout$).+$/, ['string']],
  ['idem:SHA256', /^idem:[0-9a-f]{64}$/, ['string']],
];

/**
 * How the cells, locks and idempotency keys of a namespace are spelled, by some of its keys: `BUCKET:user:ID,
 * idem:SHA256`. A key of another type than such a key has is none. `null`: there is none that is known.
 */
export function keyLayoutOf(namespace: string, seen: readonly KeySeen[]): string | null {
  const own = seen.flatMap(({ key, type }) =>
    key.startsWith(`${namespace}:`) ? [{ rest: key.slice(namespace.length + 1), type }] : [],
  );
  const found = forms.filter(([, pattern, types]) =>
    own.some(({ rest, type }) => pattern.test(rest) && (type === null || types.includes(type)) && !isReserved(rest)),
  );
  return found.length === 0 ? null : found.map(([form]) => form).join(', ');
}

/** The limiter's own configuration is no cell. */
function isReserved(rest: string): boolean {
  return rest.startsWith('rl:');
}
