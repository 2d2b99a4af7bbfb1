import { isLoopbackHost } from '../api-endpoint.js';
import { usageError } from '../errors.js';

const privateNames = /^(?:[\w-]+|.+\.(?:svc|local|internal|home\.arpa))\.?$/i;
const privateV4 =
  /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const privateV6 = /^\[?(?:f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):/i;

/** True for an address that no router of the internet leads to, and for a name that no public name server knows. */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopbackHost(hostname)) return true;
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)) return privateV4.test(hostname);
  return hostname.includes(':') ? privateV6.test(hostname) : privateNames.test(hostname);
}

/**
 * Refuses plain http to an instance elsewhere than on this machine, because the signature would travel readable; where
 * `isAllowed` (fleet.plainHttp), only to one that is not on a private network. `hostname`: what is connected to.
 * @throws usage/API_INSECURE naming the place.
 */
export function assertPlainHttp(origin: string, hostname: string, place: string, isAllowed: boolean): void {
  if (!origin.startsWith('http:') || isLoopbackHost(hostname) || (isAllowed && isPrivateHost(hostname))) return;
  const where = origin.includes(hostname) ? '' : ` (${hostname})`;
  const why = isAllowed
    ? 'is plain http, and no private address: plainHttp does not reach so far'
    : 'is plain http, and not this machine: the signature would travel readable';
  const cure = `Use ${origin.replace(/^http:/, 'https:')}`;
  throw usageError(
    `${place}: ${origin}${where} ${why}`,
    isAllowed
      ? `${cure}.`
      : `${cure}; or, inside a private network that you trust, set fleet.plainHttp: true in rlctl.yaml.`,
    'API_INSECURE',
  );
}
