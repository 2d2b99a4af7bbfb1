import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertPrivateFile, privateFileFacts, symbolicLink } from '../domain/config/private-file.js';
import { usageError } from '../domain/errors.js';
import { claimFolder } from './folder-claim.js';

/** The sandbox's files: what it wrote, and how to take it away again. */
export interface SandboxFolder {
  readonly secretFile: string;
  readonly envFile: string;
  /** The text that the secret file holds. */
  readonly secret: string;
  remove(): Promise<void>;
}

/**
 * Makes the folder (0700) and writes a new secret (0600) into it, unless `given` names a file that holds one: that file is
 * only read, and stays. A folder that was there keeps its mode and its other files. Throws a usage error where `given` is
 * not there or empty or where another sandbox has the folder, and a guard where anybody else can read it.
 */
export async function prepareFolder(folder: string, given: string | null): Promise<SandboxFolder> {
  const kept = given === null ? null : await readPrivate(given);
  const created = await mkdir(folder, { recursive: true, mode: 0o700 });
  const giveUp = await claimFolder(folder);
  const secretFile = given ?? join(folder, 'secret');
  const envFile = join(folder, 'limiter.env');
  const secret = kept ?? randomBytes(32).toString('hex');
  if (kept === null)
    await writePrivate(secretFile, secret).catch(async (error: unknown) => {
      await giveUp();
      throw error;
    });
  return {
    secretFile,
    envFile,
    secret,
    remove: async () => {
      const own = kept === null ? [secretFile, envFile] : [envFile];
      await Promise.all(own.map((file) => rm(file, { force: true })));
      await giveUp();
      // Fails where somebody else put a file in, and then the folder is theirs.
      if (created !== undefined) await rmdir(folder).catch(() => {});
    },
  };
}

/** Writes a file that only its owner can read; whatever stood there is replaced, a link never followed. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
}

/** The secret of a private file without one trailing newline; what is checked and what is read are the same file. */
async function readPrivate(path: string): Promise<string> {
  const what = `the secret file ${path}`;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ELOOP') throw symbolicLink(what);
      const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code ?? 'unknown error'})`;
      throw usageError(`${what} ${why}`, 'Check the path.', 'SECRET_MISSING');
    },
  );
  try {
    assertPrivateFile(what, path, privateFileFacts(await file.stat(), process.getuid?.()));
    const text = (await file.readFile('utf8')).replace(/\r?\n$/, '');
    if (text === '') throw usageError(`${what} is empty`, 'Put the secret there.', 'SECRET_EMPTY');
    return text;
  } finally {
    await file.close();
  }
}
