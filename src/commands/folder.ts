import { dirname } from 'node:path';
import type { Context } from '../context.js';
import { RlctlError, usageError } from '../domain/errors.js';
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

/** Refuses a path without a folder, and to replace a file that is there unless it is forced, before anything is asked. */
export async function assertNewFile(
  context: Context,
  path: string,
  { flag, code, isForced }: { readonly flag: string; readonly code: string; readonly isForced: boolean },
): Promise<void> {
  await assertFolder(context, path, flag);
  const facts = await context.files.facts(path);
  if (facts === null || (isForced && facts.isRegular)) return;
  const why = facts.isRegular ? 'is there already' : 'is there, and no regular file';
  throw new RlctlError('guard', `${path} ${why}; nothing was written`, {
    code,
    hint: facts.isRegular ? `Add --force to replace it, or remove it: rm ${shellWord(path)}` : 'Name another file.',
  });
}
