import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test, vi } from 'vitest';
import { startSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import { ask, isAlive, openSandbox, temporaryFolder } from './support.js';
import { until } from '../support/until.js';

async function options(replaced: Partial<SandboxOptions> = {}): Promise<SandboxOptions> {
  const folder = join(await temporaryFolder(), 'sandbox');
  const base = { dialect: 'documented', workers: 1, trafficPerSecond: 0, redisUrl: null, port: 0 } as const;
  return { ...base, namespace: 'demo', folder, ...replaced };
}

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const portOf = (url: string): number => Number(new URL(url).port);

test('the secret and the env file are private, and the secret is new each time', async () => {
  const [first, second] = [await openSandbox(), await openSandbox()];
  expect((await stat(first.secretFile)).mode & 0o777).toBe(0o600);
  expect((await stat(first.envFile)).mode & 0o777).toBe(0o600);
  expect(first.secret).toMatch(/^[0-9a-f]{64}$/);
  expect(first.secret).not.toBe(second.secret);
  expect(await readFile(first.envFile, 'utf8')).not.toContain(first.secret);
});

test('a folder of its own has mode 0700', async () => {
  const wanted = await options();
  const sandbox = await startSandbox(wanted);
  try {
    expect((await stat(wanted.folder)).mode & 0o777).toBe(0o700);
  } finally {
    await sandbox.stop();
  }
});

test('it listens on loopback only', async () => {
  const sandbox = await openSandbox();
  expect([sandbox.origin, sandbox.redisUrl].map((url) => new URL(url).hostname)).toEqual(['127.0.0.1', '127.0.0.1']);
});

test('stop leaves no process, port or file, even with connections open; and it may be called twice', async () => {
  const wanted = await options({ workers: 4, trafficPerSecond: 100 });
  const sandbox = await startSandbox(wanted);
  const idle = connect(portOf(sandbox.origin), '127.0.0.1');
  idle.on('error', () => {});
  await until(() => sandbox.trafficSent() > 10 && idle.readyState === 'open');
  await Promise.all([sandbox.stop(), sandbox.stop()]);
  expect(await isOpen(portOf(sandbox.origin))).toBe(false);
  expect(await isOpen(portOf(sandbox.redisUrl))).toBe(false);
  expect(isAlive(sandbox.redisPid ?? 0)).toBe(false);
  expect(existsSync(wanted.folder)).toBe(false);
});

test("somebody else's file in the folder survives", async () => {
  const wanted = await options();
  const sandbox = await startSandbox(wanted);
  await writeFile(join(wanted.folder, 'mine'), 'x');
  await sandbox.stop();
  expect(await readdir(wanted.folder)).toEqual(['mine']);
});

test('a crash of its redis-server is survived: requests pass', async () => {
  const sandbox = await openSandbox();
  process.kill(sandbox.redisPid ?? 0, 'SIGKILL');
  await until(async () => (await ask(`${sandbox.origin}/health/ready`)).status === 503);
  expect((await sandbox.get('/api/payments', 'u')).status).toBe(200);
  expect(sandbox.workers()[0]?.evalErrors).toBe(1);
});

test('a taken port is an error that leaves nothing behind', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const wanted = await options({ port });
    await expect(startSandbox(wanted)).rejects.toMatchObject({ kind: 'usage', code: 'SANDBOX_PORT' });
    expect(existsSync(wanted.folder)).toBe(false);
  } finally {
    server.close();
  }
});

test('a redis-server that ends at once is named with what it said', async () => {
  const bin = await temporaryFolder();
  await writeFile(join(bin, 'redis-server'), '#!/bin/sh\necho out of memory\nexit 3\n');
  await chmod(join(bin, 'redis-server'), 0o755);
  vi.stubEnv('PATH', bin);
  try {
    await expect(startSandbox(await options())).rejects.toMatchObject({
      code: 'REDIS_SERVER_FAILED',
      message: expect.stringContaining('out of memory'),
    });
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a given Redis that does not answer is an error without its password', async () => {
  const wanted = await options({ redisUrl: 'redis://:hunter2@127.0.0.1:1/0' });
  const error: unknown = await startSandbox(wanted).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ kind: 'unreachable', code: 'REDIS_UNREACHABLE' });
  expect(String(error)).toContain('redis://127.0.0.1:1/0');
  expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
  expect(existsSync(wanted.folder)).toBe(false);
});

test.each([
  [{ redisUrl: 'http://127.0.0.1:6379' }, 'REDIS_URL_INVALID'],
  [{ workers: 0 }, 'USAGE'],
  [{ trafficPerSecond: -1 }, 'USAGE'],
  [{ namespace: 'a\nb' }, 'USAGE'],
])('%j makes no sense', async (replaced, code) => {
  await expect(startSandbox(await options(replaced))).rejects.toMatchObject({ kind: 'usage', code });
});

interface Started {
  readonly redisPid: number;
  readonly origin: string;
  readonly readyMs: number;
}

async function bundledProgram(folder: string, source: string): Promise<string> {
  const file = join(folder, 'program.cjs');
  const entry = join(import.meta.dirname, '../../src/sandbox/sandbox.ts');
  await build({
    stdin: {
      contents: `import { startSandbox } from ${JSON.stringify(entry)};\n${source}`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: file,
    logLevel: 'error',
  });
  return file;
}

function program(wanted: SandboxOptions, after: string): string {
  return `void (async () => {
    const startedMs = performance.now();
    const sandbox = await startSandbox(${JSON.stringify(wanted)});
    const readyMs = performance.now() - startedMs;
    console.log(JSON.stringify({ redisPid: sandbox.redisPid, origin: sandbox.origin, readyMs }));
    ${after}
  })();`;
}

async function firstLine(child: ReturnType<typeof spawn>): Promise<Started> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()) as Started));
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
  });
}

test('after stop nothing keeps the process alive', async () => {
  const wanted = await options({ workers: 2, trafficPerSecond: 50 });
  const file = await bundledProgram(await temporaryFolder(), program(wanted, 'await sandbox.stop();'));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const code = new Promise((resolve) => child.once('exit', resolve));
  const { redisPid, readyMs } = await firstLine(child);
  expect(await code).toBe(0);
  expect(isAlive(redisPid)).toBe(false);
  expect(readyMs).toBeGreaterThan(0);
  expect(existsSync(wanted.folder)).toBe(false);
});

test('when the process dies hard, its redis-server does not live on', async () => {
  const wanted = await options();
  const file = await bundledProgram(await temporaryFolder(), program(wanted, ''));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { redisPid } = await firstLine(child);
  expect(isAlive(redisPid)).toBe(true);
  child.kill('SIGKILL');
  await until(() => !isAlive(redisPid));
  await until(async () => !(await readdir(wanted.folder)).some((name) => name.startsWith('redis-')));
});
