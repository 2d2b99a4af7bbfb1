import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startEmbeddedRedis } from '../../src/sandbox/embedded-redis.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { ask, openSandbox, temporaryFolder } from './support.js';

const portOf = (url: string): number => Number(new URL(url).port);

/** A sandbox on a machine whose PATH leads nowhere. */
async function openWithoutRedisServer(): Promise<{ sandbox: Sandbox; folder: string }> {
  const folder = join(await temporaryFolder(), 'sandbox');
  vi.stubEnv('PATH', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const sandbox = await startSandbox({
    dialect: 'documented',
    workers: 2,
    trafficPerSecond: 0,
    redisUrl: null,
    port: 0,
    namespace: 'demo',
    folder,
    behaviour: { redisTimeoutMs: 5000 },
  });
  onTestFinished(() => sandbox.stop());
  return { sandbox, folder };
}

/** `null`: nobody listens there. */
async function connected(host: string, port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(null));
    onTestFinished(() => void socket.destroy());
  });
}

async function answer(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.write(request);
  });
}

test('redis-server is taken where it is on PATH', async () => {
  expect((await openSandbox({ redisUrl: null })).redisKind).toBe('redis-server');
});

test('without redis-server on PATH the sandbox is whole, and says what it runs on', async () => {
  const { sandbox } = await openWithoutRedisServer();
  expect([sandbox.redisKind, sandbox.redisPid]).toEqual(['embedded', null]);
  expect((await ask(`${sandbox.origin}/health/ready`)).status).toBe(200);
  const statuses: number[] = [];
  const headers = { 'X-User-Id': 'u' };
  for (let n = 0; n < 12; n += 1) statuses.push((await ask(`${sandbox.origin}/api/lessons`, { headers })).status);
  expect(statuses).toEqual([...Array<number>(11).fill(200), 429]);
  expect(sandbox.workers().map((worker) => worker.evalErrors)).toEqual([0, 0]);
});

test('it listens on 127.0.0.1 and nowhere else', async () => {
  const { sandbox } = await openWithoutRedisServer();
  const port = portOf(sandbox.redisUrl);
  expect(await connected('127.0.0.1', port)).not.toBeNull();
  // A server on all interfaces would answer at both of these.
  expect(await connected('127.0.0.2', port)).toBeNull();
  expect(await connected('::1', port)).toBeNull();
});

test('it ends with the sandbox, clients or not, and leaves no file', async () => {
  const { sandbox, folder } = await openWithoutRedisServer();
  const port = portOf(sandbox.redisUrl);
  const idle = await connected('127.0.0.1', port);
  const ended = new Promise((resolve) => idle?.once('close', resolve));
  await sandbox.stop();
  await ended;
  expect(await connected('127.0.0.1', port)).toBeNull();
  expect(existsSync(folder)).toBe(false);
});

test('what one client sends is no harm to the others', async () => {
  const redis = await startEmbeddedRedis();
  onTestFinished(() => redis.stop());
  const port = portOf(redis.url);
  const good = await connected('127.0.0.1', port);
  const rubbish = [
    randomBytes(5000),
    '*1\r\n$99999999999\r\n',
    '*-5\r\n',
    'GET\0\r\n',
    '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5',
  ];
  for (const bytes of rubbish) {
    const bad = await connected('127.0.0.1', port);
    await new Promise((resolve) => bad?.write(bytes, resolve));
    bad?.resetAndDestroy();
    expect(good && (await answer(good, '*1\r\n$4\r\nPING\r\n'))).toBe('+PONG\r\n');
  }
  // Nobody may end the sandbox's Redis by a command either.
  const other = await connected('127.0.0.1', port);
  other?.write('*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n');
  expect(good && (await answer(good, '*1\r\n$4\r\nPING\r\n'))).toBe('+PONG\r\n');
});

test('without the files that scripts need it does not start, instead of never answering one', async () => {
  const wasmPath = join(await temporaryFolder(), 'gone.wasm');
  await expect(startEmbeddedRedis({ wasmPath })).rejects.toMatchObject({
    kind: 'unreachable',
    code: 'REDIS_EMBEDDED_FAILED',
    message: expect.stringContaining('gone.wasm'),
    hint: expect.stringMatching(/apt-get install redis-server.*brew install redis/),
  });
});

test('a script that is given too much is refused before it starts, and the next one runs', async () => {
  const redis = await startEmbeddedRedis();
  onTestFinished(() => redis.stop());
  const socket = await connected('127.0.0.1', portOf(redis.url));
  const script = 'redis.call("SET", "k", "v") return "ran"';
  const evaluate = (argument: string) =>
    `*4\r\n$4\r\nEVAL\r\n$${script.length}\r\n${script}\r\n$1\r\n0\r\n$${argument.length}\r\n${argument}\r\n`;
  expect(socket && (await answer(socket, evaluate('x'.repeat(8 * 1024 * 1024))))).toContain('exceeds configured limit');
  expect(socket && (await answer(socket, '*2\r\n$6\r\nEXISTS\r\n$1\r\nk\r\n'))).toBe(':0\r\n');
  expect(socket && (await answer(socket, evaluate('x')))).toBe('$3\r\nran\r\n');
});
