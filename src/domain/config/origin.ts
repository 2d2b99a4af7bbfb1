import { usageError } from '../errors.js';

/** Checks an API address and returns its origin; a path belongs into basePath, credentials belong nowhere. */
export function checkedOrigin(text: string, place: string): string {
  if (!URL.canParse(text)) {
    throw usageError(
      `${place}: "${text}" is not an address`,
      `Give ${place} as https://api.example.com.`,
      'API_ADDRESS',
    );
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const isBare = /^[\w.-]+:\d+$/.test(text);
    throw usageError(
      isBare
        ? `${place}: "${text}" has no http:// or https:// in front`
        : `${place}: "${url.protocol}" is not http: or https:`,
      isBare
        ? `Give ${place} as ${/^(?:localhost|127\.)/.test(text) ? 'http' : 'https'}://${text}.`
        : `Give ${place} as https://api.example.com.`,
      'API_ADDRESS',
    );
  }
  if (url.username || url.password) {
    throw usageError(
      `${place}: an address must not hold a user name or password`,
      `Take them out of ${place}.`,
      'API_ADDRESS',
    );
  }
  if (url.pathname !== '/' || url.search || url.hash) {
    throw usageError(
      `${place}: "${text}" has a path; the API address is the origin alone`,
      `Give ${place} as ${url.origin}, and the path of the internal endpoints as basePath (RLCTL_BASE_PATH).`,
      'API_ADDRESS',
    );
  }
  return url.origin;
}
