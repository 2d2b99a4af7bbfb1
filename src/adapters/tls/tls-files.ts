import { lstatSync, readFileSync } from 'node:fs';
import type { RedisTls } from '../../domain/config/redis-tls.js';
import { assertPrivateFile, privateFileFacts } from '../../domain/config/private-file.js';
import { usageError } from '../../domain/errors.js';

/** What Node.js's TLS takes. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

/** Reads the PEM files. Throws a usage error that names the file, and `guard/SECRET_FILE_UNSAFE` for a key as `assertPrivateFile` does. */
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
  const facts = lstatSync(path, { throwIfNoEntry: false });
  // That there is none is told by whoever reads it.
  if (facts === undefined) return;
  assertPrivateFile(`the TLS key ${path}`, path, privateFileFacts(facts, process.getuid?.()));
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
