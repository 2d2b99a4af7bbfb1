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

/** What is wanted of a file that is to be written. */
interface NewFile {
  /** The flag that names it. */
  readonly flag: string;
  /** The error's code where it is there already. */
  readonly code: string;
  readonly isForced: boolean;
}

/** Refuses a path without a folder, and to replace a file that is there unless it is forced, before anything is asked. */
export async function assertNewFile(context: Context, path: string, wanted: NewFile): Promise<void> {
  await assertFolder(context, path, wanted.flag);
  await assertFree(context, path, wanted);
}

/** The same of a file whose folder is made with it: only what is no folder stands in the way. */
export async function assertReachable(context: Context, path: string, wanted: NewFile): Promise<void> {
  const nearest = await nearestOf(context, dirname(path));
  if (nearest !== null && (await context.files.names(nearest)) === null)
    throw usageError(
      `${wanted.flag} ${dirname(path)}: ${nearest} is no folder; nothing was written`,
      'Name another folder.',
      'FOLDER_MISSING',
    );
  await assertFree(context, path, wanted);
}

/** The nearest of a path and the folders above it that is there. */
async function nearestOf(context: Context, path: string): Promise<string | null> {
  if ((await context.files.facts(path)) !== null) return path;
  return dirname(path) === path ? null : nearestOf(context, dirname(path));
}

async function assertFree({ files }: Context, path: string, { code, isForced }: NewFile): Promise<void> {
  const facts = await files.facts(path);
  if (facts === null || (isForced && facts.isRegular)) return;
  const why = facts.isRegular ? 'is there already' : 'is there, and no regular file';
  throw new RlctlError('guard', `${path} ${why}; nothing was written`, {
    code,
    hint: facts.isRegular ? `Add --force to replace it, or remove it: rm ${shellWord(path)}` : 'Name another file.',
  });
}
