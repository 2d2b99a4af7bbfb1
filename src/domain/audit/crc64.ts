// The checksum at the end of a DUMP: CRC-64 as Redis computes it (polynomial 0xad93d23594c935a9, reflected, from 0).
const reflected = 0x95ac9329ac4bc9b5n;

function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ reflected : crc >> 1n;
  }
  return crc;
}

/** True where a DUMP is what Redis made: its last eight bytes are the checksum of the rest. */
export function isWholeDump(dump: Uint8Array): boolean {
  if (dump.length < 10) return false;
  const bytes = Buffer.from(dump);
  return crc64(bytes.subarray(0, -8)) === bytes.readBigUInt64LE(bytes.length - 8);
}
