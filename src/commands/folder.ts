import { dirname } from 'node:path';
import type { Context } from '../context.js';
import { usageError } from '../domain/errors.js';
import { shellWord } from '../domain/shell-words.js';

/** Throws where a file is to be written into a folder that is not there: a slip of the path makes no folders. */
export async function assertFolder({ files }: Context, path: string, flag: string): Promise<void> {
  const folder = dirname(path);
  if ((await files.facts(folder)) !== null) return;
  throw usageError(
    `${flag} ${path}: there is no folder ${folder}; nothing was written`,
    `Create it first: mkdir -p ${shellWord(folder)}`,
    'FOLDER_MISSING',
  );
}
