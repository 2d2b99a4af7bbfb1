import { execFileSync } from 'node:child_process';
import { chown, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { errorOf, openWorld, type JsonObject, type MainOptions, type Ran, type World } from '../support/world.js';

const secret = 'correct horse battery staple';
const state = {} as { api: HttpControlPlane; redis: RunningRedis; world: World };
beforeAll(async () => {
  state.api = await startHttpControlPlane({ secret });
  state.redis = await startRedis();
});
afterAll(async () => {
  await state.api.stop();
  await state.redis.stop();
});
beforeEach(async () => {
  state.world = await openWorld();
});
afterEach(() => state.world.remove());

/** A reload that is accepted only with the right bytes of the secret. */
async function reload(source: JsonObject | null, options: MainOptions = {}, ...args: string[]): Promise<Ran> {
  const { api, redis, world } = state;
  const environment = {
    api: api.origin,
    namespace: 'a',
    redis: redis.url,
    signing: 'documented',
    ...(source === null ? {} : { secret: source }),
  };
  const path = await world.config('c.yaml', { environments: { here: environment } });
  return world.main(['--config', path, 'reload', '--no-verify', '--json', ...args], options);
}

describe('accepted', () => {
  test.each([
    ['as it is', secret],
    ['with a newline at its end', `${secret}\n`],
    ['with a Windows newline', `${secret}\r\n`],
  ])('a file of mode 0600, %s', async (_, text) => {
    const file = await state.world.write('secret', text);
    expect(await reload({ file })).toMatchObject({ code: 0, err: '' });
  });

  test('a file of mode 0400', async () => {
    expect(await reload({ file: await state.world.write('secret', secret, 0o400) })).toMatchObject({ code: 0 });
  });

  test('a variable', async () => {
    expect(await reload({ env: 'MY_SECRET' }, { env: { MY_SECRET: secret } })).toMatchObject({ code: 0 });
  });

  test('a command, run without a shell', async () => {
    expect(await reload({ command: ['printf', '%s\n', secret] })).toMatchObject({ code: 0 });
  });

  test('stdin', async () => {
    expect(await reload(null, { stdin: `${secret}\n` }, '--secret-file', '-')).toMatchObject({ code: 0 });
  });

  test('--secret-file before RLCTL_SECRET_FILE before the configuration', async () => {
    const good = await state.world.write('good', secret);
    const bad = await state.world.write('bad', 'wrong');
    expect(await reload({ file: bad }, { env: { RLCTL_SECRET_FILE: good } })).toMatchObject({ code: 0 });
    expect(await reload({ file: bad }, { env: { RLCTL_SECRET_FILE: bad } }, '--secret-file', good)).toMatchObject({
      code: 0,
    });
  });
});

test('only one newline is trimmed: further ones and spaces belong to the secret', async () => {
  for (const text of [`${secret}\n\n`, ` ${secret}`, `${secret} `]) {
    const ran = await reload({ file: await state.world.write('secret', text) });
    expect(errorOf(ran)).toMatchObject({ code: 'SIGNATURE_REFUSED', exitCode: 4 });
  }
});

describe('refused, before anything is sent', () => {
  const sent = (): number => state.api.arrived.length;

  test.each([0o644, 0o640, 0o604, 0o660, 0o666])('a file of mode %o, with the chmod that mends it', async (mode) => {
    const before = sent();
    const file = await state.world.write('secret', secret, mode);
    const ran = await reload({ file });
    expect(errorOf(ran)).toMatchObject({
      code: 'SECRET_FILE_UNSAFE',
      exitCode: 6,
      hint: expect.stringContaining(`chmod 600 ${file}`) as string,
    });
    expect(sent()).toBe(before);
  });

  test('a symbolic link', async () => {
    const file = await state.world.write('secret', secret);
    const link = join(state.world.cwd, 'link');
    await symlink(file, link);
    expect(errorOf(await reload({ file: link }))).toMatchObject({ code: 'SECRET_FILE_UNSAFE', exitCode: 6 });
  });

  test('a folder', async () => {
    expect(errorOf(await reload({ file: state.world.cwd }))).toMatchObject({ code: 'SECRET_FILE_UNSAFE', exitCode: 6 });
  });

  test('a FIFO, without waiting for who would write into it', async () => {
    const fifo = join(state.world.cwd, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    const ran = await reload({ file: fifo });
    expect(errorOf(ran)).toMatchObject({ code: 'SECRET_FILE_UNSAFE', exitCode: 6 });
  });

  // Only root can give a file away; elsewhere the run says that this one was left out.
  test.skipIf(process.getuid?.() !== 0)('a file of somebody else', async () => {
    const file = await state.world.write('secret', secret);
    await chown(file, 12_345, 12_345);
    const error = errorOf(await reload({ file }));
    expect(error).toMatchObject({ code: 'SECRET_FILE_UNSAFE', exitCode: 6 });
    expect(error.message).toContain('belongs to another user');
  });

  test.each([
    ['an empty file', ''],
    ['a file that holds a newline only', '\n'],
  ])('%s', async (_, text) => {
    const ran = await reload({ file: await state.world.write('secret', text) });
    expect(errorOf(ran)).toMatchObject({ code: 'SECRET_EMPTY', exitCode: 2 });
  });

  test('a file that is not there', async () => {
    expect(errorOf(await reload({ file: '/nowhere/secret' }))).toMatchObject({ code: 'SECRET_MISSING', exitCode: 2 });
  });

  test('a variable that is not set, or empty', async () => {
    for (const env of [{}, { MY_SECRET: '' }]) {
      const error = errorOf(await reload({ env: 'MY_SECRET' }, { env }));
      expect(error).toMatchObject({
        code: 'SECRET_MISSING',
        exitCode: 2,
        message: expect.stringContaining('MY_SECRET') as string,
      });
    }
  });

  test('a command that fails, is not there, or prints nothing; what it printed is not shown', async () => {
    for (const [argv, code] of [
      [['sh', '-c', 'echo printed-secret; exit 3'], 'SECRET_COMMAND'],
      [['/nowhere/program'], 'SECRET_COMMAND'],
      [['true'], 'SECRET_EMPTY'],
    ] as const) {
      const ran = await reload({ command: argv });
      expect(errorOf(ran)).toMatchObject({ code, exitCode: 2 });
      expect(ran.err + ran.out).not.toContain('printed-secret');
    }
  });

  test('a command that hangs ends with the deadline', async () => {
    const startedMs = performance.now();
    const ran = await reload({ command: ['sleep', '60'] }, {}, '--timeout', '2s');
    expect(ran.code).not.toBe(0);
    expect(errorOf(ran).hint).toBeTruthy();
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });

  test('empty stdin', async () => {
    expect(errorOf(await reload(null, {}, '--secret-file', '-'))).toMatchObject({ code: 'SECRET_EMPTY', exitCode: 2 });
  });
});
