import { constants, type BigIntStats, type Stats } from 'node:fs';
import { lstat, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RlctlError, usageError } from '../../domain/errors.js';
import { shellWord } from '../../domain/shell-words.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { ProcessTraces } from '../../ports/process-traces.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** A write takes milliseconds: what is older was left behind by a process that died, whoever that was. */
const staleLockMs = 30_000;

/**
 * The env files of this machine. `traces`: what tells at once that the owner of a lock died; absent: only a lock that is old
 * is taken over.
 */
export function createEnvFiles(traces: ProcessTraces = noTraces): EnvFiles {
  return {
    read: async (path) => {
      await replaceable(path);
      return readBytes(path);
    },
    replace: async (path, change) => {
      const facts = await replaceable(path);
      // Its fixed name makes the temporary file the lock as well.
      const temporary = join(dirname(path), `.${basename(path)}.rlctl-tmp`);
      const file = await lock(temporary, path, traces);
      const token = tokenOf(await file.stat({ bigint: true }));
      try {
        try {
          await traces.leave(token).catch(untraced);
          const before = await readBytes(path);
          await file.writeFile(change(before));
          await keepOwner(file, facts, path);
          await file.sync();
          await assertUntouched(path, before);
          await assertOwnLock(temporary, path, file);
        } finally {
          await file.close();
        }
        await rename(temporary, path);
        await syncFolder(dirname(path));
      } catch (error) {
        if (!(error instanceof RlctlError && error.code === 'ENV_FILE_LOCKED')) await rm(temporary, { force: true });
        throw error instanceof Error && 'syscall' in error ? unwritable(path, error) : error;
      } finally {
        await traces.remove(token).catch(untraced);
      }
    },
  };
}

const noTraces: ProcessTraces = {
  isLeft: async () => false,
  leave: async () => undefined,
  remove: async () => undefined,
};

/** One lock and no other: a file's number is used again, and not with the same beginning. */
function tokenOf({ dev, ino, birthtimeNs }: Pick<BigIntStats, 'dev' | 'ino' | 'birthtimeNs'>): string {
  return `env-file ${dev} ${ino} ${birthtimeNs}`;
}

/** A state folder that cannot be read or written is no reason to hold up anybody. */
function untraced(error: unknown): false {
  if (error instanceof RlctlError) return false;
  throw error;
}

async function replaceable(path: string): Promise<Stats> {
  const facts = await lstat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) {
      throw usageError(`there is no env file ${path}`, 'Check shadowDriver in rlctl.yaml.', 'ENV_FILE_MISSING');
    }
    throw unreadable(path, error);
  });
  const refuse = (why: string, hint: string): RlctlError =>
    new RlctlError('guard', `the env file ${path} ${why}`, { code: 'ENV_FILE_UNSAFE', hint });
  if (facts.isSymbolicLink()) throw refuse('is a symbolic link', 'Name the file itself as env-file.');
  if (!facts.isFile()) throw refuse('is not a regular file', 'Name a regular file as env-file.');
  if (facts.nlink > 1)
    throw refuse('has a second name (hard link)', 'Make it a file of its own; the other name would keep the old text.');
  return facts;
}

async function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
}

/** An editor that knows nothing of the lock may have saved since; between this look and the rename there is no time to. */
async function assertUntouched(path: string, before: Uint8Array): Promise<void> {
  await replaceable(path);
  if (Buffer.compare(before, await readBytes(path)) === 0) return;
  throw new RlctlError('conflict', `${path} was saved by somebody else at this moment; nothing was written`, {
    code: 'ENV_FILE_CHANGED',
    hint: 'Look at what stands there now, then run the command again.',
  });
}

/** A process that slept longer than a lock is good for finds another one's in its place. */
async function assertOwnLock(temporary: string, path: string, file: FileHandle): Promise<void> {
  const [own, found] = await Promise.all([file.stat(), stat(temporary).catch(() => null)]);
  if (found?.ino !== own.ino || found.dev !== own.dev) throw locked(path, temporary);
}

async function lock(temporary: string, path: string, traces: ProcessTraces): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open(temporary, flags, 0o600);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw unwritable(path, error);
      if (attempt > 0 || !(await isFree(temporary, traces))) throw locked(path, temporary);
      await rm(temporary, { force: true });
    }
  }
}

/** True where nobody holds a lock any more: its owner gave it back, is known to be dead, or would long be through. */
async function isFree(temporary: string, traces: ProcessTraces): Promise<boolean> {
  const facts = await stat(temporary, { bigint: true }).catch(() => null);
  if (facts === null) return true;
  const token = tokenOf(facts);
  // Without its beginning another lock could have the same name.
  const isLeft = facts.birthtimeNs > 0n && (await traces.isLeft(token).catch(untraced));
  if (isLeft) await traces.remove(token).catch(untraced);
  return isLeft || Date.now() - Number(facts.mtimeMs) > staleLockMs;
}

async function keepOwner(file: FileHandle, facts: Stats, path: string): Promise<void> {
  const own = await file.stat();
  try {
    if (own.uid !== facts.uid || own.gid !== facts.gid) await file.chown(facts.uid, facts.gid);
  } catch {
    throw new RlctlError(
      'guard',
      `the env file ${path} belongs to another user or group, which replacing it would change`,
      {
        code: 'ENV_FILE_OWNER',
        hint: 'Run rlctl as its owner; nothing was written.',
      },
    );
  }
  // After the owner, because changing that takes the special bits away.
  await file.chmod(facts.mode & 0o7777);
}

/** Makes the rename itself durable; not every file system knows how. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function locked(path: string, temporary: string): RlctlError {
  return new RlctlError('conflict', `somebody else is editing ${path} at this moment; nothing was written`, {
    code: 'ENV_FILE_LOCKED',
    hint: `Run the command again; what a process left behind that died is taken over, of this user and machine at once, else after ${staleLockMs / 1000} s. Where nobody is editing it, this helps at once: rm ${shellWord(temporary)}`,
  });
}

function unreadable(path: string, error: unknown): RlctlError {
  return usageError(
    `the env file ${path} cannot be read (${codeOf(error)})`,
    'Check its owner and mode.',
    'ENV_FILE_UNREADABLE',
  );
}

function unwritable(path: string, error: unknown): RlctlError {
  return new RlctlError('guard', `the env file ${path} cannot be replaced (${codeOf(error)}); nothing was written`, {
    code: 'ENV_FILE_UNWRITABLE',
    hint: 'Check the owner, mode and free space of its folder.',
  });
}
