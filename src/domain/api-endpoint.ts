import { usageError } from './errors.js';
import { quoteOutside } from './outside-text.js';

/** Where an API stands: an origin (`https://api.example.com`) and the path of its internal endpoints (`/internal`). */
export interface ApiEndpoint {
  readonly origin: string;
  readonly basePath: string;
}

/** True for a host that never leaves this machine: localhost, 127.0.0.0/8, ::1. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i.test(hostname);
}

/**
 * Refuses plain http anywhere but on loopback: the signature would travel readable.
 * @throws usage/API_INSECURE, unless `allowInsecure`.
 */
export function assertSecure(url: URL, allowInsecure: boolean): void {
  if (url.protocol === 'https:' || allowInsecure || isLoopbackHost(url.hostname)) return;
  throw usageError(
    `${url.origin} is plain http and not this machine: the signature would travel readable`,
    `use https://${url.host}`,
    'API_INSECURE',
  );
}

/**
 * Parses an absolute http or https URL without credentials; the text is not repeated where it may hold a password.
 * @throws usage/API_ADDRESS, naming `what`.
 */
export function parseHttpUrl(text: string, what: string): URL {
  const shown = text.includes('@') ? '' : ` "${quoteOutside(text)}"`;
  const refuse = (why: string): never => {
    throw usageError(`${what}${shown} ${why}`, 'write it like https://api.example.com', 'API_ADDRESS');
  };
  if (!URL.canParse(text)) return refuse('is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('is neither https nor http');
  if (url.username !== '' || url.password !== '') return refuse('carries a user or a password');
  return url;
}

/**
 * The origin a target names. Its path is no part of it: where the internal endpoints stand is the base path's matter.
 * @throws usage/API_ADDRESS where it is no http(s) URL or carries more than an origin.
 */
export function parseOrigin(text: string): string {
  const url = parseHttpUrl(text, 'the API address');
  if (url.pathname === '/' && url.search === '' && url.hash === '') return url.origin;
  throw usageError(`the API address ${url.origin} carries more than an origin`, `write ${url.origin}`, 'API_ADDRESS');
}

/**
 * The URL of one internal endpoint: `suffix` starts with a slash.
 * @throws usage/API_ADDRESS where the endpoint is not an origin and a plain path, so that the URL would leave it:
 * nothing may lead a signature to another host.
 */
export function endpointUrl(endpoint: ApiEndpoint, suffix: string): URL {
  const text = `${endpoint.origin}${endpoint.basePath}${suffix}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWithin = url?.origin === endpoint.origin && url.pathname === `${endpoint.basePath}${suffix}`;
  if (url !== null && isWithin && url.username === '' && url.password === '') return url;
  throw usageError(
    `"${quoteOutside(endpoint.basePath)}" is not a plain path under the API's origin`,
    'write an origin like https://api.example.com and a base path like /internal',
    'API_ADDRESS',
  );
}
