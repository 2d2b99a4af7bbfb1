import { resolve } from 'node:path';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import { documentOf } from '../../domain/overrides-file/read-file.js';
import { loadOverridesFile } from '../override/file.js';

/** The text of a file named on the command line; `-`: stdin. Throws a usage error where there is none. */
export async function readInput(context: Context, file: string, flag: string): Promise<string> {
  if (file === '-') return (await context.host.stdin.readAll()).toString('utf8');
  const text = await context.files.readText(resolve(context.host.cwd, file));
  if (text === null)
    throw usageError(`${flag}: there is no file ${file}`, `Check the path given with ${flag}.`, 'FILE_MISSING');
  return text;
}

/** Throws a usage error where stdin, which can be read once only, stands for several things. */
export function assertOneStdin(sources: readonly (readonly [what: string, file: string | null])[]): void {
  const wanting = sources.filter(([, file]) => file === '-').map(([what]) => what);
  if (wanting.length > 1)
    throw usageError(`${wanting.join(' and ')} cannot both be read from stdin`, 'Give one of them as a file.');
}

/** The document that a file of overrides makes, in whichever form it is written. Throws usage errors with their places. */
export async function readDocument(context: Context, file: string): Promise<Uint8Array> {
  return documentOf(await loadOverridesFile(context, file));
}
