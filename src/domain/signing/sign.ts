import { createHmac } from 'node:crypto';
import { endpointUrl, type ApiEndpoint } from '../api-endpoint.js';
import { usageError } from '../errors.js';
import { revealSecret, type Secret } from '../secret.js';
import { isTimestamped, type SigningProfile } from './profile.js';

const reveal = Symbol('reveal');
const redacted = '[redacted]';

/** A request as it may be shown: the signature, and every header a profile added of its own, reads `[redacted]`. */
export interface MaskedRequest {
  readonly method: 'POST';
  readonly url: string;
  /** Names as they are sent, in order. */
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: no body is sent. */
  readonly body: string | null;
  readonly profile: string;
}

/**
 * A signed reload, good for one attempt. With most profiles the signature never changes, so it is a credential: this
 * object prints, serialises and inspects masked; only `revealHeaders` opens it, and only the HTTP adapter calls that.
 */
export class SignedRequest {
  readonly method = 'POST';
  readonly url: string;
  readonly body: string | null;
  /** The name of the profile it was signed with. */
  readonly profile: string;
  /** True where the signature is bound to the clock. */
  readonly isTimestamped: boolean;
  readonly #headers: ReadonlyMap<string, string>;
  readonly #shown: ReadonlySet<string>;
  readonly #signing: SigningProfile;

  constructor(
    readonly endpoint: ApiEndpoint,
    profile: SigningProfile,
    headers: ReadonlyMap<string, string>,
    shown: ReadonlySet<string>,
  ) {
    this.url = endpointUrl(endpoint, '/config/reload').href;
    this.body = profile.body;
    this.profile = profile.name;
    this.isTimestamped = isTimestamped(profile);
    this.#headers = headers;
    this.#shown = shown;
    this.#signing = profile;
  }

  /** The same request to the same instance by the name that it has, where the endpoint held its IP address. */
  byName(origin: string): SignedRequest {
    return new SignedRequest({ ...this.endpoint, origin }, this.#signing, this.#headers, this.#shown);
  }

  [reveal](): ReadonlyMap<string, string> {
    return this.#headers;
  }

  toJSON(): MaskedRequest {
    const headers = [...this.#headers].map(([name, value]) => [name, this.#shown.has(name) ? value : redacted]);
    const { method, url, body, profile } = this;
    return { method, url, headers: Object.fromEntries(headers) as Record<string, string>, body, profile };
  }

  toString(): string {
    return JSON.stringify(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): MaskedRequest {
    return this.toJSON();
  }
}

/** The headers as they are sent, the signature among them. Call it only where the request is sent. */
export function revealHeaders(request: SignedRequest): ReadonlyMap<string, string> {
  return request[reveal]();
}

/** What `--print-request` and `--debug` may show. */
export function maskedRequest(request: SignedRequest): MaskedRequest {
  return request.toJSON();
}

export interface SigningInput {
  readonly endpoint: ApiEndpoint;
  /** The Origin header, where the server wants the front end's; `null`: none is sent. */
  readonly origin: string | null;
  /** Unix seconds; new for every attempt. */
  readonly nowSeconds: number;
  /** New for every attempt. */
  readonly nonce: string;
}

/**
 * Signs one reload with HMAC-SHA256.
 * @throws usage where the endpoint or the origin cannot be sent, or a `whsec_` secret is not base64 (the secret is not repeated).
 */
export function signReload(profile: SigningProfile, secret: Secret, input: SigningInput): SignedRequest {
  const values = { timestamp: String(Math.floor(input.nowSeconds)), id: input.nonce, body: profile.body ?? '' };
  const signature = signatureOf(profile, secret, values);
  const shown = new Map<string, string>();
  assertHeaderText(input.origin ?? '');
  if (input.origin !== null) shown.set('Origin', input.origin);
  if (profile.timestampHeader !== null) shown.set(profile.timestampHeader, values.timestamp);
  if (profile.idHeader !== null) shown.set(profile.idHeader, values.id);
  const contentType = [...profile.headers].filter(([name]) => /^(content-type|accept)$/i.test(name));
  for (const [name, value] of contentType) shown.set(name, value);
  const headers = new Map([...shown, ...profile.headers, [profile.header, signature]]);
  return new SignedRequest(input.endpoint, profile, headers, new Set(shown.keys()));
}

/** What a signature is made over, beside the secret. */
export interface SignedValues {
  /** Unix seconds, as text. */
  readonly timestamp: string;
  readonly id: string;
  /** The text that is sent; empty: none. */
  readonly body: string;
}

/**
 * The value of the header that carries the signature; for as long as the timestamp counts it is as good as the secret.
 * @throws usage where a `whsec_` secret is not base64 (the secret is not repeated).
 */
export function signatureOf(profile: SigningProfile, secret: Secret, values: SignedValues): string {
  const digest = createHmac('sha256', keyOf(profile, secret)).update(fill(profile.payload, values), 'utf8');
  return fill(profile.prefix, values) + digest.digest(profile.encoding);
}

function assertHeaderText(origin: string): void {
  if (/^[\u0020-\u007e]*$/.test(origin)) return;
  throw usageError('the origin to send is not plain text', 'write it like https://app.example.com');
}

function fill(template: string, values: SignedValues): string {
  return template.replace(/\{(timestamp|id|body)\}/g, (_, name: 'timestamp' | 'id' | 'body') => values[name]);
}

function keyOf(profile: SigningProfile, secret: Secret): Buffer {
  const text = revealSecret(secret);
  if (profile.secretFormat === 'text' || !text.startsWith('whsec_')) return Buffer.from(text, 'utf8');
  const base64 = text.slice('whsec_'.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw usageError(
      'the secret starts with whsec_ but the rest is not base64',
      'copy the whole secret, without quotes',
      'SECRET_FORMAT',
    );
  }
  return Buffer.from(base64, 'base64');
}
