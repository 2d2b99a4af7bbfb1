/** Text of ASCII bytes by the same offsets as the bytes; for slices that are known to be plain. */
export function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The exact text of a range of valid UTF-8. */
export function utf8Text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', start, end);
}

/** A key that scanMembers visited, decoded. `latin1` is the whole text as latin1Text gives it. */
export function decodeKey(bytes: Uint8Array, latin1: string, start: number, end: number, isPlain: boolean): string {
  return isPlain ? latin1.slice(start + 1, end - 1) : decodeString(bytes, start, end);
}

/** A scanned string decoded; offsets of its quotes, the end exclusive. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(utf8Text(bytes, start, end)) as string;
}
