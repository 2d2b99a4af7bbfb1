/**
 * The Redis key of the override document: one string, a JSON object (handbook).
 * @param namespace the limiter's `RATE_LIMIT_NAMESPACE`; any text, kept as it is.
 */
export function overridesKey(namespace: string): string {
  return `${namespace}:rl:overrides`;
}

/** The history of an override document: a stream in the same hash slot, so that one script may write both. */
export function historyKey(documentKey: string): string {
  return siblingKey(documentKey, 'history');
}

/** The metadata of an override document (who, why, until): one JSON string in the same hash slot. */
export function metadataKey(documentKey: string): string {
  return siblingKey(documentKey, 'meta');
}

/** What the last run of `override expire` left: one JSON string in the same hash slot. */
export function expiryKey(documentKey: string): string {
  return siblingKey(documentKey, 'expiry');
}

/** The state of long operations: one hash in the same slot, a field for each operation and one for its lease. */
export function operationsKey(documentKey: string): string {
  return siblingKey(documentKey, 'operations');
}

/**
 * The part of a key that Redis Cluster hashes: what stands between the first `{` and the first `}` after it.
 * `null`: there is no such part or it is empty, and the whole key is hashed.
 */
export function hashTag(key: string): string | null {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : null;
}

/** The hash slot of a key, 0…16383, as `CLUSTER KEYSLOT` answers. */
export function keySlot(key: string): number {
  return crc16(new TextEncoder().encode(hashTag(key) ?? key)) % 16384;
}

/**
 * A key with its hash tag keeps it by standing in front. One without is put into braces as a whole; where braces of its
 * own break that, a short tag of the same slot is searched.
 */
function siblingKey(key: string, suffix: string): string {
  if (hashTag(key) !== null) return `${key}:${suffix}`;
  const braced = `{${key}}:${suffix}`;
  return keySlot(braced) === keySlot(key) ? braced : `{${tagOfSlot(keySlot(key))}}${key}:${suffix}`;
}

/** The shortest base-36 number whose slot is this one; every slot has one below a few hundred thousand. */
function tagOfSlot(slot: number): string {
  for (let number = 0; ; number += 1) {
    const tag = number.toString(36);
    if (keySlot(tag) === slot) return tag;
  }
}

/** CRC-16/XMODEM (polynomial 0x1021, start 0), bit by bit: keys are short. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}
