import { usageError } from '../errors.js';
import { isRecord } from '../json.js';

/**
 * How a reload is signed, as data. The payload is a template over `{timestamp}` (unix seconds), `{id}` (a nonce) and
 * `{body}` (the text that is sent); the prefix may use `{timestamp}` and `{id}`.
 */
export interface SigningProfile {
  readonly name: string;
  /** The header that carries the signature. */
  readonly header: string;
  /** The header that carries the unix seconds; `null`: none is sent. */
  readonly timestampHeader: string | null;
  /** The header that carries the nonce; `null`: none is sent. */
  readonly idHeader: string | null;
  /** What is signed; `''` signs nothing at all (zero bytes). */
  readonly payload: string;
  /** The exact text that is sent; `null`: no body is sent. */
  readonly body: string | null;
  readonly encoding: 'hex' | 'base64';
  /** Stands before the encoded signature: `sha256=`, `v1,`. */
  readonly prefix: string;
  /** `whsec`: a secret that starts with `whsec_` is the base64 text of the key, as Standard Webhooks says. */
  readonly secretFormat: 'text' | 'whsec';
  /** Further headers, sent as they stand. */
  readonly headers: ReadonlyMap<string, string>;
}

const reloadBody = '{"action": "reload"}';

const plain: Omit<SigningProfile, 'name' | 'header' | 'payload'> = {
  timestampHeader: null,
  idHeader: null,
  body: reloadBody,
  encoding: 'hex',
  prefix: '',
  secretFormat: 'text',
  headers: new Map([['Content-Type', 'application/json']]),
};

/** What Standard Webhooks says. */
export const standardWebhooks: SigningProfile = {
  ...plain,
  name: 'standard-webhooks',
  header: 'webhook-signature',
  timestampHeader: 'webhook-timestamp',
  idHeader: 'webhook-id',
  payload: '{id}.{timestamp}.{body}',
  encoding: 'base64',
  prefix: 'v1,',
  secretFormat: 'whsec',
};

/**
 * The profiles rlctl knows, in the order in which `auto` tries them: the operator's handbook first, then the forms of
 * servers as deployed. Signing zero bytes and sending none satisfies a server that ignores the body and one that signs
 * the raw body alike.
 */
export const builtInProfiles: readonly SigningProfile[] = [
  { ...plain, name: 'documented', header: 'X-Config-Signature', payload: 'reload' },
  { ...plain, name: 'empty', header: 'X-Config-Reload-Signature', payload: '', body: null, headers: new Map() },
  {
    ...plain,
    name: 'timestamped',
    header: 'X-Config-Signature',
    timestampHeader: 'X-Config-Timestamp',
    payload: '{timestamp}\n{body}',
  },
  standardWebhooks,
  { ...plain, name: 'body', header: 'X-Config-Signature', payload: '{body}' },
];

/** True where the signature is bound to the clock: then a wrong clock is a cause of refusal. */
export function isTimestamped(profile: SigningProfile): boolean {
  return profile.timestampHeader !== null || /\{timestamp\}/.test(profile.payload + profile.prefix);
}

/**
 * The profiles to try, in order, for what the configuration says: `auto` (all of them), a name, or a profile as data.
 * `remembered` is the name of the one that worked last: `auto` then tries it first.
 * @throws usage for an unknown name or a faulty profile.
 */
export function profilesFor(signing: unknown, remembered: string | null = null): readonly SigningProfile[] {
  if (typeof signing !== 'string') return [parseProfile(signing)];
  if (signing === 'auto') {
    const first = builtInProfiles.filter((profile) => profile.name === remembered);
    return [...first, ...builtInProfiles.filter((profile) => profile.name !== remembered)];
  }
  const named = builtInProfiles.find((profile) => profile.name === signing);
  if (named !== undefined) return [named];
  const names = builtInProfiles.map((profile) => profile.name).join(', ');
  throw usageError(
    `there is no signing profile "${signing}"`,
    `use auto, ${names}, or a profile with header and payload`,
  );
}

const fields = ['header', 'timestampHeader', 'idHeader', 'payload', 'body', 'encoding', 'prefix', 'headers'];
// These belong to the connection or to rlctl; a profile that set them would break or falsify the request.
const reservedHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'origin',
  'te',
]);

/**
 * Reads a profile written as data: `header` and `payload` are needed; `timestampHeader`, `idHeader`, `body`, `encoding`
 * (hex), `prefix` and `headers` may be left out.
 * @throws usage, naming the field or the placeholder that is wrong.
 */
export function parseProfile(value: unknown): SigningProfile {
  if (!isRecord(value)) throw usageError('a signing profile is an object', 'give it at least header and payload');
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined) {
    throw usageError(`a signing profile has no field "${unknown}"`, `the fields are ${fields.join(', ')}`);
  }
  const profile: SigningProfile = {
    name: 'custom',
    header: headerName(requiredText(value, 'header'), 'header'),
    timestampHeader: optionalHeaderName(value, 'timestampHeader'),
    idHeader: optionalHeaderName(value, 'idHeader'),
    payload: template(requiredText(value, 'payload'), 'payload', ['timestamp', 'id', 'body']),
    body: optionalText(value, 'body'),
    encoding: encodingOf(value['encoding']),
    prefix: headerValue(template(optionalText(value, 'prefix') ?? '', 'prefix', ['timestamp', 'id']), 'prefix'),
    secretFormat: 'text',
    headers: headersOf(value['headers']),
  };
  assertDistinctHeaders(profile);
  return profile;
}

function requiredText(value: Readonly<Record<string, unknown>>, field: string): string {
  const text = optionalText(value, field);
  if (text === null) throw usageError(`the signing profile lacks "${field}"`, 'header and payload are needed');
  return text;
}

function optionalText(value: Readonly<Record<string, unknown>>, field: string): string | null {
  const text = value[field] ?? null;
  if (text !== null && typeof text !== 'string') {
    throw usageError(`"${field}" of the signing profile is not text`, `put ${field} in quotes`);
  }
  return text;
}

function optionalHeaderName(value: Readonly<Record<string, unknown>>, field: string): string | null {
  const name = optionalText(value, field);
  return name === null ? null : headerName(name, field);
}

function headerName(name: string, field: string): string {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
    throw usageError(`"${field}" of the signing profile is not a header's name`, 'write it like X-Config-Signature');
  }
  if (reservedHeaders.has(name.toLowerCase())) {
    throw usageError(`"${field}" of the signing profile may not be ${name}`, 'that header is set by rlctl itself');
  }
  return name;
}

function headerValue(value: string, field: string): string {
  if (/^[\t\u0020-\u007e]*$/.test(value)) return value;
  throw usageError(`"${field}" of the signing profile does not fit into a header`, 'use printable ASCII characters');
}

function template(text: string, field: string, allowed: readonly string[]): string {
  for (const [, name] of text.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g)) {
    if (name === undefined || allowed.includes(name)) continue;
    const known = allowed.map((each) => `{${each}}`).join(', ');
    throw usageError(`"${field}" of the signing profile has no placeholder {${name}}`, `it knows ${known}`);
  }
  return text;
}

function encodingOf(value: unknown): 'hex' | 'base64' {
  const encoding = value ?? 'hex';
  if (encoding === 'hex' || encoding === 'base64') return encoding;
  throw usageError(
    '"encoding" of the signing profile is neither hex nor base64',
    'write encoding: hex or encoding: base64',
  );
}

function headersOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined || value === null) return new Map();
  if (!isRecord(value))
    throw usageError('"headers" of the signing profile is not an object', 'write name: value pairs');
  const pairs = Object.keys(value).map((name): [string, string] => [
    headerName(name, `headers.${name}`),
    headerValue(requiredText(value, name), `headers.${name}`),
  ]);
  return new Map(pairs);
}

function assertDistinctHeaders(profile: SigningProfile): void {
  const names = [profile.header, profile.timestampHeader, profile.idHeader, ...profile.headers.keys()]
    .filter((name) => name !== null)
    .map((name) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw usageError(`the signing profile names the header ${twice} twice`, 'give each header one meaning');
  }
}
