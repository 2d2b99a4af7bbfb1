import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { Files } from '../../ports/files.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** The files of this machine. */
export const systemFiles: Files = {
  readText: async (path) => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
      throw usageError(`${path} cannot be read (${codeOf(error)})`, 'Check its owner and mode.', 'FILE_UNREADABLE');
    }
  },
  facts: async (path) => {
    try {
      const stat = await lstat(path);
      const isSymbolicLink = stat.isSymbolicLink();
      return { mode: stat.mode & 0o777, ownerId: stat.uid, isRegular: stat.isFile(), isSymbolicLink };
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
      throw usageError(`${path} cannot be examined (${codeOf(error)})`, 'Check its owner and mode.', 'FILE_UNREADABLE');
    }
  },
  writePrivate: async (path, text) => {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(
        temporary,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      // Where even its folder is none, there is nothing to clean up, and the first cause is the one to tell.
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new RlctlError('unexpected', `${path} cannot be written (${codeOf(error)})`, {
        code: 'FILE_UNWRITABLE',
        hint: 'Check the folder’s owner, mode and free space.',
      });
    }
  },
  remove: (path) => rm(path, { force: true }),
};
