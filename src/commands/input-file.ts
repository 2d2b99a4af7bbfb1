import { resolve } from 'node:path';
import type { Context } from '../context.js';
import { usageError } from '../domain/errors.js';

// Files that a command line names, where - is stdin.

/** What is read of a text at most: a plan of 100,000 routes fits. */
const mostTextBytes = 64 * 1024 * 1024;

/** The bytes of a file, one more than `mostBytes` at most; `-`: stdin. Throws a usage error where there is none. */
export async function readInput(
  context: Context,
  file: string,
  { flag, mostBytes }: { readonly flag: string; readonly mostBytes: number },
): Promise<Uint8Array> {
  if (file === '-') return context.host.stdin.readAll();
  const bytes = await context.files.readBytes(resolve(context.host.cwd, file), mostBytes);
  if (bytes !== null) return bytes;
  throw usageError(
    `${flag}: there is no file ${file}`,
    `Check the path given with ${flag}; - is stdin.`,
    'FILE_MISSING',
  );
}

/** The text of a file (UTF-8), up to 64 MiB; `-`: stdin. Throws a usage error where there is none, or more. */
export async function readInputText(context: Context, file: string, flag: string): Promise<string> {
  const bytes = await readInput(context, file, { flag, mostBytes: mostTextBytes });
  if (bytes.length <= mostTextBytes) return Buffer.from(bytes).toString('utf8');
  throw usageError(`${flag}: ${file} is larger than ${mostTextBytes} bytes`, 'Split it.', 'FILE_TOO_LARGE');
}

/** Throws a usage error where stdin, which can be read once only, stands for several things. */
export function assertOneStdin(sources: readonly (readonly [what: string, file: string | null])[]): void {
  const wanting = sources.filter(([, file]) => file === '-').map(([what]) => what);
  if (wanting.length > 1)
    throw usageError(`${wanting.join(' and ')} cannot both be read from stdin`, 'Give one of them as a file.');
}
