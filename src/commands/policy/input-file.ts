import { resolve } from 'node:path';
import type { Context } from '../../context.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';

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

/**
 * The override document that a file holds, as it would be stored. Throws a usage error that names file, line and column
 * where it is not one.
 */
export function readDocumentFile(text: string, file: string): Uint8Array {
  const bytes = Buffer.from(text);
  try {
    scanDocument(bytes);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    const { reason, line, column, key } = error.details ?? {};
    const place = typeof line === 'number' ? `${file}:${line}:${String(column)}` : file;
    const which = typeof key === 'string' ? ` ${JSON.stringify(key)}` : '';
    throw new RlctlError('usage', `${place}: this is no document of overrides: ${String(reason)}${which}`, {
      code: 'DOCUMENT_FILE_INVALID',
      hint: 'Give the JSON object as Redis holds it, e.g. {"/api/search": {"rate": 120, "burst": 20}}.',
    });
  }
  return bytes;
}
