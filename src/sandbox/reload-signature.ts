import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { SigningScheme } from './behaviour.js';

/** A reload as it came in, for the check of its signature. */
export interface SignedReload {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The server's clock, unix seconds. */
  readonly nowSeconds: number;
}

/** What the check says; `stale`: the signature's time is too far from the server's. */
export type SignatureVerdict = 'valid' | 'invalid' | 'stale';

type Check = (secret: string, reload: SignedReload) => SignatureVerdict;

const toleranceSeconds = 300;

const checks: Readonly<Record<SigningScheme, Check>> = {
  documented: (secret, { headers }) => hex(secret, Buffer.from('reload'), headers['x-config-signature']),
  // Whatever body is sent, these servers sign nothing.
  empty: (secret, { headers }) => hex(secret, Buffer.alloc(0), headers['x-config-reload-signature']),
  body: (secret, { headers, body }) =>
    hex(secret, body, headers['x-config-signature'] ?? headers['x-config-reload-signature']),
  timestamped,
  'standard-webhooks': standardWebhooks,
};

/** Checks a reload's signature with a comparison that takes the same time for any wrong one. */
export function checkSignature(scheme: SigningScheme, secret: string, reload: SignedReload): SignatureVerdict {
  return checks[scheme](secret, reload);
}

function timestamped(secret: string, { headers, body, nowSeconds }: SignedReload): SignatureVerdict {
  const timestamp = textOf(headers['x-config-timestamp']);
  const payload = Buffer.concat([Buffer.from(`${timestamp}\n`), body]);
  const verdict = hex(secret, payload, headers['x-config-signature']);
  return verdict === 'valid' ? freshness(timestamp, nowSeconds) : verdict;
}

function standardWebhooks(secret: string, { headers, body, nowSeconds }: SignedReload): SignatureVerdict {
  const id = textOf(headers['webhook-id']);
  const timestamp = textOf(headers['webhook-timestamp']);
  if (id === '' || timestamp === '') return 'invalid';
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const payload = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const expected = createHmac('sha256', key).update(payload).digest();
  // The header may carry several signatures, as while a secret is being changed.
  const candidates = textOf(headers['webhook-signature']).split(' ');
  const isSigned = candidates.some(
    (text) => text.startsWith('v1,') && isSame(expected.toString('base64'), text.slice('v1,'.length)),
  );
  return isSigned ? freshness(timestamp, nowSeconds) : 'invalid';
}

function hex(secret: string, payload: Buffer, given: string | string[] | undefined): SignatureVerdict {
  const text = textOf(given);
  // Lower case and nothing in front: `sha256=` and upper case are refused.
  if (!/^[0-9a-f]{64}$/.test(text)) return 'invalid';
  return isSame(createHmac('sha256', secret).update(payload).digest('hex'), text) ? 'valid' : 'invalid';
}

function freshness(timestamp: string, nowSeconds: number): SignatureVerdict {
  if (!/^\d{1,12}$/.test(timestamp)) return 'invalid';
  return Math.abs(nowSeconds - Number(timestamp)) <= toleranceSeconds ? 'valid' : 'stale';
}

function isSame(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
