import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { FileFacts, Files } from '../../ports/files.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** What `act` gives, as a promise: every failure is a rejection. */
const soon = <Result>(act: () => Result): Promise<Result> => new Promise((resolve) => resolve(act()));

/** The files of this machine. Small and local: loading node:fs/promises takes longer than they do. */
export const systemFiles: Files = {
  readText: (path) => soon(() => readText(path)),
  readBytes: (path, mostBytes) => soon(() => readBytes(path, mostBytes)),
  facts: (path) => soon(() => facts(path)),
  writePrivate: (path, text) => soon(() => writePrivate(path, text)),
  remove: (path) => soon(() => rmSync(path, { force: true })),
};

function readText(path: string): string | null {
  return reading(path, () => readFileSync(path, 'utf8'));
}

function readBytes(path: string, mostBytes: number): Uint8Array | null {
  return reading(path, () => {
    const file = openSync(path, 'r');
    try {
      const chunks: Buffer[] = [];
      for (let left = mostBytes + 1; left > 0; left -= chunks.at(-1)?.length ?? 0) {
        const chunk = Buffer.alloc(Math.min(left, 1024 * 1024));
        const length = readSync(file, chunk);
        if (length === 0) break;
        chunks.push(chunk.subarray(0, length));
      }
      return Buffer.concat(chunks);
    } finally {
      closeSync(file);
    }
  });
}

function reading<Result>(path: string, read: () => Result): Result | null {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw usageError(`${path} cannot be read (${codeOf(error)})`, 'Check its owner and mode.', 'FILE_UNREADABLE');
  }
}

function facts(path: string): FileFacts | null {
  try {
    const stat = lstatSync(path);
    const isSymbolicLink = stat.isSymbolicLink();
    return { mode: stat.mode & 0o777, ownerId: stat.uid, isRegular: stat.isFile(), isSymbolicLink };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw usageError(`${path} cannot be examined (${codeOf(error)})`, 'Check its owner and mode.', 'FILE_UNREADABLE');
  }
}

function writePrivate(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = openSync(temporary, flags, 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw new RlctlError('unexpected', `${path} cannot be written (${codeOf(error)})`, {
      code: 'FILE_UNWRITABLE',
      hint: 'Check the folder’s owner, mode and free space.',
    });
  }
}

/** Where even its folder is none, there is nothing to clean up, and the first cause is the one to tell. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    return;
  }
}
