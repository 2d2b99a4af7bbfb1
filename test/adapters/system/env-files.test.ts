import { rmSync, writeFileSync } from 'node:fs';
import { chmod, link, lstat, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEnvFiles } from '../../../src/adapters/system/env-files.js';

const systemEnvFiles = createEnvFiles();

const state = { folder: '', path: '' };
beforeEach(async () => {
  state.folder = await mkdtemp(join(tmpdir(), 'rlctl-env-files-'));
  state.path = join(state.folder, 'limiter.env');
  await writeFile(state.path, 'A=1\n');
});
afterEach(() => rm(state.folder, { recursive: true, force: true }));

const replace = (text: string): Promise<void> => systemEnvFiles.replace(state.path, () => Buffer.from(text));
const content = (): Promise<string> => readFile(state.path, 'utf8');
const names = (): Promise<readonly string[]> => readdir(state.folder);
const lockPath = (): string => join(state.folder, '.limiter.env.rlctl-tmp');

describe('an env file', () => {
  test.each([0o600, 0o644, 0o640, 0o664, 0o400])('keeps its permissions (%o) and its owner', async (mode) => {
    await chmod(state.path, mode);
    const before = await lstat(state.path);
    await replace('A=2\n');
    const after = await lstat(state.path);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    // Another inode: whoever reads in between reads the old file or the new one, whole.
    expect(after.ino).not.toBe(before.ino);
    expect(await content()).toBe('A=2\n');
    expect(await names()).toEqual(['limiter.env']);
  });

  test('gives the change the bytes as they are at that moment', async () => {
    const bytes = Buffer.from([0x41, 0x3d, 0xff, 0x00, 0x0d, 0x0a]);
    await writeFile(state.path, bytes);
    await systemEnvFiles.replace(state.path, (current) => Buffer.concat([current, Buffer.from('B=2')]));
    expect(await readFile(state.path)).toEqual(Buffer.concat([bytes, Buffer.from('B=2')]));
    expect(Buffer.from(await systemEnvFiles.read(state.path))).toEqual(await readFile(state.path));
  });

  test('is left alone where the change throws, and so is its folder', async () => {
    const fault = new RangeError('no');
    await expect(
      systemEnvFiles.replace(state.path, () => {
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await content()).toBe('A=1\n');
    expect(await names()).toEqual(['limiter.env']);
  });

  test('that is a symbolic link is refused, and what it leads to stays', async () => {
    const alias = join(state.folder, 'alias.env');
    await symlink(state.path, alias);
    for (const call of [systemEnvFiles.read(alias), systemEnvFiles.replace(alias, () => Buffer.from('B'))]) {
      await expect(call).rejects.toMatchObject({ kind: 'guard', code: 'ENV_FILE_UNSAFE' });
    }
    expect((await lstat(alias)).isSymbolicLink()).toBe(true);
    expect(await content()).toBe('A=1\n');
  });

  test('that has a second name, or is no file, is refused', async () => {
    const twin = join(state.folder, 'twin.env');
    await link(state.path, twin);
    await expect(replace('B')).rejects.toMatchObject({ kind: 'guard', code: 'ENV_FILE_UNSAFE' });
    await expect(systemEnvFiles.read(state.folder)).rejects.toMatchObject({ kind: 'guard', code: 'ENV_FILE_UNSAFE' });
    expect(await readFile(twin, 'utf8')).toBe('A=1\n');
  });

  test('that is missing is never made', async () => {
    const missing = join(state.folder, 'missing.env');
    for (const call of [systemEnvFiles.read(missing), systemEnvFiles.replace(missing, () => Buffer.from('B'))]) {
      await expect(call).rejects.toMatchObject({ kind: 'usage', code: 'ENV_FILE_MISSING' });
    }
    expect(await names()).toEqual(['limiter.env']);
  });

  test('that somebody else is replacing is a conflict, and nothing is written', async () => {
    await writeFile(lockPath(), 'half');
    await expect(replace('B')).rejects.toMatchObject({
      kind: 'conflict',
      code: 'ENV_FILE_LOCKED',
      hint: expect.stringMatching(/at once, else after 30 s\. .*: rm \S+$/) as string,
    });
    expect(await content()).toBe('A=1\n');
    expect(await readFile(lockPath(), 'utf8')).toBe('half');
  });

  test('that an editor saves in between is a conflict, and what the editor saved stays', async () => {
    const saving = systemEnvFiles.replace(state.path, () => {
      writeFileSync(state.path, 'A=editor\n');
      return Buffer.from('A=ours\n');
    });
    await expect(saving).rejects.toMatchObject({ kind: 'conflict', code: 'ENV_FILE_CHANGED' });
    expect(await content()).toBe('A=editor\n');
    expect(await names()).toEqual(['limiter.env']);
  });

  test('whose lock another process took over is left to that one', async () => {
    const late = systemEnvFiles.replace(state.path, () => {
      rmSync(lockPath());
      writeFileSync(lockPath(), 'of another');
      return Buffer.from('A=ours\n');
    });
    await expect(late).rejects.toMatchObject({ kind: 'conflict', code: 'ENV_FILE_LOCKED' });
    expect(await content()).toBe('A=1\n');
    expect(await readFile(lockPath(), 'utf8')).toBe('of another');
  });

  test('is replaced past what a process left behind that died', async () => {
    await writeFile(lockPath(), 'half');
    const longAgo = Date.now() / 1000 - 60;
    await utimes(lockPath(), longAgo, longAgo);
    await replace('B=1\n');
    expect(await content()).toBe('B=1\n');
    expect(await names()).toEqual(['limiter.env']);
  });

  test('is replaced at once past the lock of a process that is known to be dead, and of no other', async () => {
    const woken = { now: (): void => undefined };
    const sleep = new Promise<void>((resolve) => {
      woken.now = resolve;
    });
    const none = { isLeft: async () => false, leave: async () => undefined, remove: async () => undefined };
    // It holds the lock and does nothing, as a dead process does.
    const held: { late?: Promise<unknown> } = {};
    const token = await new Promise<string>((resolve) => {
      const leave = async (taken: string): Promise<void> => {
        resolve(taken);
        await sleep;
      };
      const stopped = createEnvFiles({ ...none, leave }).replace(state.path, () => Buffer.from('A=late\n'));
      held.late = stopped.catch((error: unknown) => error);
    });
    const after = (isDead: (token: string) => boolean) =>
      createEnvFiles({ ...none, isLeft: async (asked) => isDead(asked) }).replace(state.path, () =>
        Buffer.from('B=1\n'),
      );
    await expect(after((asked) => asked !== token)).rejects.toMatchObject({ code: 'ENV_FILE_LOCKED' });
    await after((asked) => asked === token);
    expect([await content(), await names()]).toEqual(['B=1\n', ['limiter.env']]);
    woken.now();
    expect(await held.late).toMatchObject({ code: 'ENV_FILE_LOCKED' });
    expect(await content()).toBe('B=1\n');
  });

  test('of two at once, both changes are kept or the second is told', async () => {
    const append = (text: string) =>
      systemEnvFiles.replace(state.path, (bytes) => Buffer.concat([bytes, Buffer.from(`${text}\n`)]));
    const rounds = Array.from({ length: 40 }, (_, index) => append(`L${index}=1`));
    const ended = await Promise.allSettled(rounds);
    const done = ended.flatMap(({ status }, index) => (status === 'fulfilled' ? [`L${index}=1`] : []));
    const refused = ended.filter((each): each is PromiseRejectedResult => each.status === 'rejected');
    expect(refused.every(({ reason }) => (reason as { code: string }).code === 'ENV_FILE_LOCKED')).toBe(true);
    expect((await content()).split('\n').slice(1, -1).sort()).toEqual(done.sort());
    expect(done.length).toBeGreaterThan(0);
    expect(await names()).toEqual(['limiter.env']);
  });
});
