import { usageError } from '../errors.js';
import type { EnvironmentFile } from './schema.js';

/** How TLS to Redis is judged and answered beyond what the system does. Certificates are checked in any case. */
export interface RedisTls {
  /** PEM file of the authorities that are trusted instead of the system's. */
  readonly caFile?: string;
  /** PEM files of our own certificate and its key: both or none. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name the certificate must carry, where it is not the address's host. */
  readonly serverName?: string;
}

/** Reads the section `redisTls` of an environment. Throws usage errors that name the key. */
export function redisTls(file: EnvironmentFile['redisTls'] | null, place: string): RedisTls {
  const { ca, cert, key, serverName } = file ?? {};
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'cert' : 'key';
    throw usageError(
      `${place}: ${missing} is missing; a client certificate is a file and its key`,
      `Write both: ${place.split('.').at(-1)}: {cert: client.pem, key: client-key.pem}.`,
    );
  }
  return {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** In words, for people. */
export function describeRedisTls({ caFile, certFile, serverName }: RedisTls): string {
  return [
    ...(caFile === undefined ? [] : [`authorities of ${caFile}`]),
    ...(certFile === undefined ? [] : [`our certificate ${certFile}`]),
    ...(serverName === undefined ? [] : [`name ${serverName}`]),
  ].join(', ');
}
