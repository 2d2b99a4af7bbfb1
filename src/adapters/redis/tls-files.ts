import { readFileSync } from 'node:fs';
import { usageError } from '../../domain/errors.js';
import type { TlsFiles } from './link-types.js';

/** How a rediss: connection is secured beyond the system's own authorities. */
export interface TlsSettings {
  /** PEM files. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name the certificate must carry, where it is not the URL's host. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
}

/** Reads the PEM files. Throws a usage error that names the file. */
export function loadTlsFiles(settings: TlsSettings): TlsFiles {
  const [ca, cert, key] = [settings.caFile, settings.certFile, settings.keyFile].map(readPem);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(settings.serverName !== undefined && { servername: settings.serverName }),
    ...(settings.insecureSkipVerify === true && { rejectUnauthorized: false }),
  };
}

function readPem(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw usageError(
      `the TLS file ${path} cannot be read (${code})`,
      'Check the path and who may read it.',
      'TLS_FILE',
    );
  }
}
