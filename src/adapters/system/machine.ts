import { constants } from 'node:fs';
import { access, open, readdir, realpath } from 'node:fs/promises';
import { RlctlError } from '../../domain/errors.js';
import { shellWord } from '../../domain/shell-words.js';
import type { Machine } from '../../ports/machine.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** The machine of this process. */
export const systemMachine: Machine = {
  nodeVersion: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  userId: process.getuid?.() ?? null,
  realPath: (path) => realpath(path).catch(() => null),
  lookup: async (host, signal) => {
    const { lookup } = await import('node:dns/promises');
    // A lookup cannot be cancelled: it is only not waited for any more.
    const late = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(unresolved(host, 'the name server did not answer in time'));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const found = await Promise.race([lookup(host.replace(/^\[|\]$/g, ''), { all: true }), late]);
      return found.map(({ address }) => address);
    } catch (error) {
      if (error instanceof RlctlError) throw error;
      throw unresolved(host, codeOf(error) === 'ENOTFOUND' ? 'the name does not resolve' : codeOf(error));
    }
  },
  canWriteInto: async (folder) => {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return true;
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? null : false;
    }
  },
  list: async (folder) => (await readdir(folder).catch((): string[] => [])).toSorted(),
  setMode: async (path, mode) => {
    const refuse = (why: string): RlctlError =>
      new RlctlError('guard', `the permissions of ${path} were left as they are: ${why}`, {
        code: 'MODE_UNCHANGED',
        hint: `Run it as the owner: chmod ${mode.toString(8)} ${shellWord(path)}`,
      });
    // By its descriptor, so that nobody puts another file in its place in between.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      (error: unknown) => {
        throw refuse(codeOf(error) === 'ELOOP' ? 'it is a symbolic link' : codeOf(error));
      },
    );
    try {
      const { uid } = await file.stat();
      if (process.getuid !== undefined && uid !== process.getuid()) throw refuse('it belongs to another user');
      await file.chmod(mode);
    } finally {
      await file.close();
    }
  },
};

function unresolved(host: string, why: string): RlctlError {
  return new RlctlError('unreachable', `${host}: ${why}`, {
    code: 'DNS_UNRESOLVED',
    hint: `Check the spelling, and the name server or VPN of this machine: getent hosts ${host}`,
  });
}
