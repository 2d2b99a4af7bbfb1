import { randomBytes } from 'node:crypto';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The sandbox's files: what it wrote, and how to take it away again. */
export interface SandboxFolder {
  readonly secretFile: string;
  readonly envFile: string;
  /** The text that the secret file holds. */
  readonly secret: string;
  remove(): Promise<void>;
}

/** Makes the folder (0700) and writes a new secret (0600) into it. A folder that was there keeps its mode and its other files. */
export async function prepareFolder(folder: string): Promise<SandboxFolder> {
  const created = await mkdir(folder, { recursive: true, mode: 0o700 });
  const secretFile = join(folder, 'secret');
  const envFile = join(folder, 'limiter.env');
  const secret = randomBytes(32).toString('hex');
  await writePrivate(secretFile, secret);
  return {
    secretFile,
    envFile,
    secret,
    remove: async () => {
      await Promise.all([rm(secretFile, { force: true }), rm(envFile, { force: true })]);
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
