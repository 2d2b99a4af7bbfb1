import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RlctlError } from '../domain/errors.js';

/**
 * Claims a folder for one sandbox of this process; resolves to what gives it up. Throws a usage error that names the
 * process where a living one has it; the claim of a process that is gone is taken over.
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'claim');
  const claim = `${process.pid} ${randomBytes(6).toString('hex')}\n`;
  while (!(await isWritten(file, claim))) await freeStale(file, `${file}.${claim.trim().replace(' ', '.')}`);
  return () => rm(file, { force: true });
}

/** False: somebody else's is there. */
async function isWritten(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away what a dead process left; `aside`: a name that nobody else uses. */
async function freeStale(file: string, aside: string): Promise<void> {
  const found = await unlessGone(readFile(file, 'utf8'));
  if (found === null) return;
  const pid = Number.parseInt(found, 10);
  // Not written to its end yet: somebody is just claiming it.
  if (Number.isNaN(pid) || isAlive(pid)) throw running(pid);
  await unlessGone(rename(file, aside));
  const taken = await unlessGone(readFile(aside, 'utf8'));
  if (taken === null) return;
  // Somebody else was faster, and what was taken away is a claim that holds.
  if (taken !== found) await isWritten(file, taken);
  await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}

function running(pid: number): RlctlError {
  const which = Number.isNaN(pid) ? '' : ` (process ${pid})`;
  const end = Number.isNaN(pid) ? '' : `, or end it: kill ${pid}`;
  return new RlctlError('usage', `a sandbox is running already${which}`, {
    code: 'SANDBOX_RUNNING',
    hint: `Use it with -e sandbox${end}; or start another one beside it, with a state folder of its own: XDG_STATE_HOME=DIR rlctl sandbox up`,
  });
}

/** `null`: there is no such file any more. */
async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
