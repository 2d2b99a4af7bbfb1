import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { FileFacts, Files, PrivateFile } from '../../ports/files.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** What `act` gives, as a promise: every failure is a rejection. */
const soon = <Result>(act: () => Result): Promise<Result> => new Promise((resolve) => resolve(act()));

/** The files of this machine. Small and local: loading node:fs/promises takes longer than they do. */
export const systemFiles: Files = {
  readText: (path) => soon(() => readText(path)),
  readBytes: (path, mostBytes) => soon(() => readBytes(path, mostBytes)),
  names: (path) => soon(() => reading(path, () => readdirSync(path).sort())),
  facts: (path) => soon(() => facts(path)),
  writePrivate: (path, text) => soon(() => writePrivate(path, text)),
  readLines,
  createPrivate,
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
  const file = startPrivate(path);
  file.append(text);
  file.commit();
}

/** A new file beside the path; after a failure nothing of it is left. */
function startPrivate(path: string) {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const orExplain = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      removeQuietly(temporary);
      throw new RlctlError('unexpected', `${path} cannot be written (${codeOf(error)})`, {
        code: 'FILE_UNWRITABLE',
        hint: 'Check the folder’s owner, mode and free space.',
      });
    }
  };
  const file = orExplain(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return openSync(temporary, flags, 0o600);
  });
  const state = { isOpen: true };
  const close = (): void => {
    if (state.isOpen) closeSync(file);
    state.isOpen = false;
  };
  return {
    append: (text: string): void => orExplain(() => withClose(() => writeFileSync(file, text), close)),
    commit: (): void =>
      orExplain(() => {
        withClose(() => fsyncSync(file), close);
        close();
        renameSync(temporary, path);
      }),
    discard: (): void => {
      close();
      removeQuietly(temporary);
    },
  };
}

/** Closes only where `act` fails. */
function withClose(act: () => void, close: () => void): void {
  try {
    act();
  } catch (error) {
    close();
    throw error;
  }
}

async function createPrivate(path: string): Promise<PrivateFile> {
  const file = startPrivate(path);
  return {
    append: async (text) => file.append(text),
    commit: async () => file.commit(),
    discard: async () => file.discard(),
  };
}

const pieceBytes = 256 * 1024;

async function* readLines(path: string): AsyncGenerator<string> {
  const file = opened(path);
  try {
    const decoder = new TextDecoder();
    const piece = Buffer.alloc(pieceBytes);
    // Pieces of a line are kept apart until it ends: a line may be a large document.
    const parts: string[] = [];
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
      const lines = decoder.decode(piece.subarray(0, length), { stream: true }).split('\n');
      for (const line of lines.slice(0, -1)) yield parts.splice(0).join('') + line;
      parts.push(lines.at(-1) ?? '');
    }
    const rest = parts.join('');
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    throw usageError(`${path} cannot be read (${codeOf(error)})`, 'Check its name, owner and mode.', 'FILE_UNREADABLE');
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
