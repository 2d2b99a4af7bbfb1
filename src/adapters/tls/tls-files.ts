import { lstatSync, readFileSync } from 'node:fs';
import type { RedisTls } from '../../domain/config/redis-tls.js';
import { RlctlError, usageError } from '../../domain/errors.js';

/** What Node.js's TLS takes. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

/** Reads the PEM files. Throws a usage error that names the file, and `guard/SECRET_FILE_UNSAFE` for a key that others can read. */
export function loadTlsFiles({ caFile, certFile, keyFile, serverName }: RedisTls): TlsFiles {
  if (keyFile !== undefined) assertPrivate(keyFile);
  const [ca, cert, key] = [caFile, certFile, keyFile].map(readPem);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

/** A key that others can read is nobody's proof. */
function assertPrivate(path: string): void {
  const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return;
  throw new RlctlError(
    'guard',
    `the TLS key ${path} can be read by others (mode ${(mode & 0o777).toString(8)}${(mode & 0o170000) === 0o120000 ? ', a symbolic link' : ''})`,
    { code: 'SECRET_FILE_UNSAFE', hint: `Name the file itself, and run: chmod 600 ${path}` },
  );
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
