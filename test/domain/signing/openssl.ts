import { execFileSync } from 'node:child_process';

/** HMAC-SHA256 as openssl computes it: the golden vectors come from there and not from our own code. */
export function opensslHmac(key: Buffer | string, payload: string): Buffer {
  const hexKey = Buffer.from(key).toString('hex');
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${hexKey}`, '-binary'];
  return execFileSync('openssl', args, { input: payload });
}
