import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { historyKey, metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { createOverrideStore, type RedisSettings } from '../../../src/adapters/redis/override-store.js';
import { Secret } from '../../../src/domain/secret.js';
import type { OverrideStore, StoredOverrides } from '../../../src/ports/override-store.js';
import { deadlineIn, ports, storeAt, writeOf } from '../../contracts/override-store.kit.js';
import { startFaultProxy, type FaultRule } from '../../support/fault-proxy.js';
import { freePort, startRedis, type RunningRedis } from '../../support/redis-server.js';
import { within } from '../../support/within.js';

const run = promisify(execFile);
const key = overridesKey('test');
const canary = 'CANARY-pa55';

/** What a store would have read before the trouble began. */
const assumed: StoredOverrides = {
  key,
  bytes: null,
  type: 'none',
  revision: 'none',
  ttlMs: null,
  metadata: null,
  lastEntry: null,
  serverTimeMs: Date.now(),
  replicas: null,
  watchedReplicas: null,
  role: null,
  runId: null,
  heartbeat: null,
};

async function redisFor(...args: string[]): Promise<RunningRedis> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

function withPassword(port: number): string {
  return `redis://:${canary}@127.0.0.1:${port}/0`;
}

/** Fails as told, by the deadline plus 300 ms, with a hint and without the password. */
async function expectFailure(
  work: (ms: number) => Promise<unknown>,
  expected: { kind: string; code: string; message?: RegExp },
  ms: number,
): Promise<RlctlError> {
  const thrown = await within(ms + 300, () => work(ms)).then(
    (value) => new Error(`it did not fail: ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );
  expect(thrown, thrown.message).toBeInstanceOf(RlctlError);
  const error = thrown as RlctlError;
  expect([error.kind, error.code]).toEqual([expected.kind, expected.code]);
  expect(error.message).toMatch(expected.message ?? /./);
  expect(error.hint).toBeTruthy();
  const everything = [error.message, error.hint, error.stack, JSON.stringify(error.details), String(error.cause)].join(
    '\n',
  );
  expect(everything).not.toContain(canary);
  expect(Object.keys(error)).not.toContain('command');
  return error;
}

async function expectReadFails(
  url: string,
  expected: Parameters<typeof expectFailure>[1],
  ms = 2500,
  settings: Partial<RedisSettings> = {},
) {
  const store = storeAt(url, settings);
  try {
    return await expectFailure((time) => store.read(deadlineIn(time)), expected, ms);
  } finally {
    store.close();
  }
}

async function expectWriteFails(url: string, expected: Parameters<typeof expectFailure>[1], ms = 2500) {
  const store = storeAt(url);
  try {
    const write = writeOf({ ...assumed, serverTimeMs: Date.now() }, '{"a":1}');
    return await expectFailure((time) => store.write(write, deadlineIn(time)), expected, ms);
  } finally {
    store.close();
  }
}

async function expectBothFail(url: string, expected: Parameters<typeof expectFailure>[1], ms = 2500): Promise<void> {
  await expectReadFails(url, expected, ms);
  await expectWriteFails(url, expected, ms);
}

describe('nobody there', () => {
  test('down', async () => {
    const port = await freePort();
    await expectBothFail(withPassword(port), {
      kind: 'unreachable',
      code: 'REDIS_UNREACHABLE',
      message: new RegExp(`127.0.0.1:${port}`),
    });
  });

  test('a cluster and sentinels that are down: to the deadline, with the cause', async () => {
    const port = await freePort();
    const expected = { kind: 'unreachable', code: 'REDIS_UNREACHABLE' };
    await expectBothFail(`redis+cluster://:${canary}@127.0.0.1:${port},127.0.0.1:${port}`, expected, 700);
    await expectBothFail(`redis+sentinel://:${canary}@127.0.0.1:${port}/mymaster`, expected, 700);
  });

  test('a socket that does not exist', async () => {
    await expectBothFail(`unix:///${tmpdir()}/no-such-socket`, {
      kind: 'unreachable',
      code: 'REDIS_UNREACHABLE',
      message: /no-such-socket/,
    });
  });

  test('a unix socket is used where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rlctl-sock-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'redis.sock');
    const redis = await redisFor('--unixsocket', path);
    const store = storeAt(`unix://${path}?db=2`);
    const state = await store.read(deadlineIn(3000));
    expect(await store.write(writeOf(state, '{"a":1}'), deadlineIn(3000))).toMatchObject({ kind: 'written' });
    store.close();
    expect(await redis.cli('-n', '2', 'GET', key)).toBe('{"a":1}');
    expect(await redis.cli('-n', '0', 'EXISTS', key)).toBe('0');
  });

  test('stopped: silent, and nothing is written even after it wakes up', async () => {
    const redis = await redisFor();
    process.kill(redis.pid, 'SIGSTOP');
    await expectReadFails(withPassword(redis.port), { kind: 'unreachable', code: 'REDIS_SILENT' }, 2000);
    process.kill(redis.pid, 'SIGCONT');
    expect(await redis.cli('EXISTS', key)).toBe('0');
  });

  test('stopped after the read: unknown within the deadline; past the fence the write is refused by the server', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    const state = await store.read(deadlineIn(2000));
    process.kill(redis.pid, 'SIGSTOP');
    const write = writeOf(state, '{"a":1}', { fenceMs: state.serverTimeMs + 1000 });
    const outcome = await within(2300, () => store.write(write, deadlineIn(2000)));
    expect(outcome).toMatchObject({ kind: 'unknown', cause: expect.stringContaining('did not answer') });
    process.kill(redis.pid, 'SIGCONT');
    // What was sent before is executed now, and the fence is long past.
    expect(await redis.cli('EXISTS', key)).toBe('0');
    store.close();
  });
});

describe('something else there', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  test('an HTTP server', async () => {
    const port = await listen(createHttpServer((_, response) => response.end('hello')));
    await expectBothFail(withPassword(port), { kind: 'refused', code: 'REDIS_NOT_REDIS', message: /0x48/ });
  });

  test('a server that hangs up', async () => {
    const port = await listen(createServer((socket) => socket.end()));
    await expectBothFail(withPassword(port), { kind: 'unreachable', code: 'REDIS_CONNECTION_LOST' });
  });

  test('a server that resets', async () => {
    const port = await listen(
      createServer((socket) => socket.on('data', () => socket.resetAndDestroy()).on('error', () => undefined)),
    );
    await expectReadFails(withPassword(port), { kind: 'unreachable', code: 'REDIS_CONNECTION_LOST' });
  });

  test('a server that never says anything', async () => {
    const open: { destroy(): void }[] = [];
    const port = await listen(createServer((socket) => void open.push(socket.on('error', () => undefined))));
    await expectReadFails(withPassword(port), { kind: 'unreachable', code: 'REDIS_SILENT' }, 1800);
    for (const socket of open) socket.destroy();
  });

  test('half a reply, then nothing', async () => {
    const open: { destroy(): void }[] = [];
    const port = await listen(
      createServer((socket) => {
        open.push(socket.on('error', () => undefined));
        socket.once('data', () => socket.write('+OK\r\n+stri'));
      }),
    );
    await expectReadFails(withPassword(port), { kind: 'unreachable', code: 'REDIS_SILENT' }, 1800);
    for (const socket of open) socket.destroy();
  });

  test('a server that repeats the password in its error', async () => {
    const port = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', () =>
          socket.write(`-ERR unknown command 'AUTH', with args beginning with: '${canary}'\r\n`.repeat(13)),
        );
      }),
    );
    await expectReadFails(withPassword(port), { kind: 'refused', code: 'REDIS_COMMAND' });
  });
});

describe('TLS', () => {
  const shared: { folder: string; redis: RunningRedis | null; tlsPort: number } = {
    folder: '',
    redis: null,
    tlsPort: 0,
  };

  async function started(): Promise<RunningRedis> {
    if (shared.redis) return shared.redis;
    shared.folder = await mkdtemp(join(tmpdir(), 'rlctl-tls-'));
    const [certificate, secret] = [join(shared.folder, 'cert.pem'), join(shared.folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      secret,
      '-out',
      certificate,
      ...subject,
    ]);
    shared.tlsPort = await freePort();
    const files = ['--tls-cert-file', certificate, '--tls-key-file', secret, '--tls-ca-cert-file', certificate];
    shared.redis = await startRedis({
      args: ['--tls-port', String(shared.tlsPort), '--tls-auth-clients', 'no', ...files],
    });
    return shared.redis;
  }

  afterAll(async () => {
    await shared.redis?.stop();
    if (shared.folder) await rm(shared.folder, { recursive: true, force: true });
  });

  test('with the right authority it works', async () => {
    await started();
    const store = storeAt(`rediss://127.0.0.1:${shared.tlsPort}`, { tls: { caFile: join(shared.folder, 'cert.pem') } });
    expect(await store.read(deadlineIn(3000))).toMatchObject({ type: 'none' });
    store.close();
  });

  test('a certificate nobody vouches for, and one of another name', async () => {
    await started();
    const tls = { caFile: join(shared.folder, 'cert.pem'), serverName: 'elsewhere.example' };
    await expectReadFails(`rediss://127.0.0.1:${shared.tlsPort}`, { kind: 'unreachable', code: 'REDIS_TLS' });
    await expectReadFails(`rediss://127.0.0.1:${shared.tlsPort}`, { kind: 'unreachable', code: 'REDIS_TLS' }, 2500, {
      tls,
    });
  });

  test('plain where TLS is wanted, TLS where plain is', async () => {
    const redis = await started();
    const lost = await expectReadFails(withPassword(shared.tlsPort), {
      kind: 'unreachable',
      code: 'REDIS_CONNECTION_LOST',
    });
    expect(lost.hint).toContain('rediss://');
    const mute = await expectReadFails(`rediss://127.0.0.1:${redis.port}`, { kind: 'unreachable', code: 'REDIS_TLS' });
    expect(mute.hint).toContain('redis://');
  });

  test('a certificate file that is not there', async () => {
    await expectReadFails('rediss://127.0.0.1:1', { kind: 'usage', code: 'TLS_FILE', message: /nowhere\.pem/ }, 2500, {
      tls: { caFile: '/nowhere.pem' },
    });
  });
});

describe('refused', () => {
  test('no password given', async () => {
    const redis = await redisFor('--requirepass', 'other');
    await expectBothFail(redis.url, { kind: 'refused', code: 'REDIS_NOAUTH' });
  });

  test('a wrong password', async () => {
    const redis = await redisFor('--requirepass', 'other');
    await expectBothFail(withPassword(redis.port), { kind: 'refused', code: 'REDIS_WRONGPASS' });
    await expectBothFail(`redis://someone:${canary}@127.0.0.1:${redis.port}`, {
      kind: 'refused',
      code: 'REDIS_WRONGPASS',
      message: /./,
    });
  });

  test('a wrong user, where everybody else may do everything: nothing is written as somebody else', async () => {
    const redis = await redisFor();
    await expectBothFail(`redis://someone:${canary}@127.0.0.1:${redis.port}`, {
      kind: 'refused',
      code: 'REDIS_WRONGPASS',
    });
    expect(await redis.cli('DBSIZE')).toBe('0');
  });

  test('a password where none is wanted does no harm', async () => {
    const redis = await redisFor();
    const store = storeAt(withPassword(redis.port));
    expect(await store.read(deadlineIn(2000))).toMatchObject({ type: 'none' });
    store.close();
  });

  test('a database that does not exist: nothing is written to another one', async () => {
    const redis = await redisFor('--databases', '2');
    await expectBothFail(`redis://127.0.0.1:${redis.port}/5`, { kind: 'refused', code: 'REDIS_DATABASE' });
    expect(await redis.cli('DBSIZE')).toBe('0');
  });

  test('a read-only replica', async () => {
    const master = await redisFor();
    const replica = await redisFor('--replicaof', `127.0.0.1 ${master.port}`);
    await expect.poll(() => replica.cli('INFO', 'replication'), { timeout: 10_000 }).toContain('master_link_status:up');
    await expectWriteFails(replica.url, { kind: 'refused', code: 'REDIS_READONLY' });
    expect(await master.cli('EXISTS', key)).toBe('0');
  });

  test('out of memory: read, but not written', async () => {
    const redis = await redisFor('--maxmemory', '1');
    const store = storeAt(redis.url);
    expect(await store.read(deadlineIn(2000))).toMatchObject({ type: 'none' });
    store.close();
    await expectWriteFails(redis.url, { kind: 'refused', code: 'REDIS_OOM' });
    expect(await redis.cli('DBSIZE')).toBe('0');
  });

  test('no disk to save to', async () => {
    const redis = await redisFor('--dbfilename', 'blocked', '--save', '3600', '1000');
    await mkdir(join(redis.folder, 'blocked'));
    await redis.cli('BGSAVE');
    await expect
      .poll(() => redis.cli('INFO', 'persistence'), { timeout: 10_000 })
      .toContain('rdb_last_bgsave_status:err');
    await expectWriteFails(redis.url, { kind: 'refused', code: 'REDIS_MISCONF' });
    expect(await redis.cli('EXISTS', key)).toBe('0');
  });

  test('too few replicas', async () => {
    const redis = await redisFor('--min-replicas-to-write', '1');
    await expectWriteFails(redis.url, { kind: 'refused', code: 'REDIS_NOREPLICAS' });
    expect(await redis.cli('DBSIZE')).toBe('0');
  });
});

describe('wrong data', () => {
  test('each sibling of the wrong type is named and left alone', async () => {
    const redis = await redisFor();
    await redis.cli('SET', historyKey(key), 'x');
    const expected = { kind: 'guard', code: 'REDIS_WRONG_TYPE', message: new RegExp(`"${historyKey(key)}"`) };
    await expectBothFail(redis.url, expected);
    await redis.cli('DEL', historyKey(key));
    await redis.cli('SADD', metadataKey(key), 'x');
    await expectBothFail(redis.url, { ...expected, message: new RegExp(`"${metadataKey(key)}"`) });
    expect(await redis.cli('DBSIZE')).toBe('1');
  });

  test('a document over the limit is never transferred', async () => {
    const redis = await redisFor();
    await redis.cli('SETRANGE', key, '5000000', 'x');
    const store = storeAt(redis.url, { maxBytes: 1000 });
    await expectFailure(
      (ms) => store.read(deadlineIn(ms)),
      { kind: 'guard', code: 'DOCUMENT_TOO_LARGE', message: /5000001/ },
      2000,
    );
    const write = writeOf({ ...assumed, bytes: Buffer.from('{}'), serverTimeMs: Date.now() }, '{}');
    await expectFailure(
      (ms) => store.write(write, deadlineIn(ms)),
      { kind: 'guard', code: 'DOCUMENT_TOO_LARGE' },
      2000,
    );
    const big = writeOf({ ...assumed, serverTimeMs: Date.now() }, 'x'.repeat(1001));
    await expectFailure((ms) => store.write(big, deadlineIn(ms)), { kind: 'guard', code: 'DOCUMENT_TOO_LARGE' }, 2000);
    store.close();
    const sent = /cmdstat_get:/.test(await redis.cli('INFO', 'commandstats'));
    expect([
      sent,
      Number(/total_net_output_bytes:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1]) < 200_000,
    ]).toEqual([false, true]);
  });

  test('a history entry that somebody else wrote', async () => {
    const redis = await redisFor();
    await redis.cli('XADD', historyKey(key), '*', 'hello', 'world');
    await expectBothFail(redis.url, { kind: 'guard', code: 'HISTORY_CORRUPT' });
    expect(await redis.cli('EXISTS', key)).toBe('0');
  });

  test('metadata that is no text', async () => {
    const redis = await redisFor();
    await redis.cli('SETRANGE', metadataKey(key), '3', 'x');
    await redis.cli('SETBIT', metadataKey(key), '0', '1');
    await expectReadFails(redis.url, { kind: 'guard', code: 'METADATA_CORRUPT' });
  });
});

describe('busy for a while', () => {
  /** Answers as a server that is loading, so often, and then the rules hold. */
  async function loadingThen(times: number, ...rules: readonly FaultRule[]): Promise<OverrideStore> {
    const redis = await redisFor();
    const proxy = await startFaultProxy(redis.port);
    onTestFinished(() => proxy.stop());
    const text = '-LOADING Redis is loading the dataset in memory\r\n'.repeat(20);
    for (const rule of [{ at: 'reply', action: 'garbage', text, times } as const, ...rules]) proxy.inject(rule);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}/0`);
    onTestFinished(() => store.close());
    return store;
  }

  test('loading, and then silence: what the server said stands over the silence', async () => {
    const store = await loadingThen(1, { at: 'reply', action: 'silence', times: Infinity });
    await expectFailure((ms) => store.read(deadlineIn(ms)), { kind: 'unreachable', code: 'REDIS_LOADING' }, 2500);
  });

  test('loading, a moment of silence, and the answer: it was worth the wait', async () => {
    const store = await loadingThen(4, { at: 'reply', action: 'silence' });
    expect(await store.read(deadlineIn(20_000))).toMatchObject({ type: 'none' });
  });

  test('loading: waits to the deadline, says so, and goes on when it is done', async () => {
    // It looks at its sockets once in 1024 bytes: with values of that size at every key, so that a busy machine, which makes
    // each delay longer, does not make it mute.
    const often = ['--loading-process-events-interval-bytes', '1024', '--rdbcompression', 'no'];
    const redis = await redisFor('--enable-debug-command', 'yes', ...often);
    // Long enough for both waits; it is cut short as soon as they are over.
    await redis.cli('DEBUG', 'POPULATE', '12000', 'key', '1100');
    await redis.cli('CONFIG', 'SET', 'key-load-delay', '2000');
    const reload = redis.cli('DEBUG', 'RELOAD').catch(String);
    await expect.poll(() => redis.cli('GET', 'x'), { interval: 5 }).toContain('LOADING');
    await expectBothFail(redis.url, { kind: 'unreachable', code: 'REDIS_LOADING' }, 4000);
    const told: string[] = [];
    const waiting = { ...ports, onWaiting: (message: string) => void told.push(message) };
    const store = createOverrideStore({ url: new Secret(redis.url), namespace: 'test' }, waiting);
    const reading = store.read(deadlineIn(20_000));
    await expect.poll(() => told, { timeout: 10_000 }).toEqual([expect.stringContaining('still loading')]);
    await redis.cli('CONFIG', 'SET', 'key-load-delay', '0');
    expect(await reading).toMatchObject({ type: 'none' });
    expect(told).toHaveLength(1);
    await reload;
    store.close();
  });

  test('a script that runs and runs', async () => {
    const redis = await redisFor('--busy-reply-threshold', '20');
    const looping = redis.cli('EVAL', 'while true do end', '0').catch(String);
    await expect.poll(() => redis.cli('GET', 'x'), { interval: 5 }).toContain('BUSY');
    await expectBothFail(redis.url, { kind: 'unreachable', code: 'REDIS_BUSY' }, 3000);
    const store = storeAt(redis.url);
    const write = store.write(writeOf({ ...assumed, serverTimeMs: Date.now() }, '{"a":1}'), deadlineIn(10_000));
    await redis.cli('SCRIPT', 'KILL');
    expect(await write).toMatchObject({ kind: 'written', wasDuplicate: false });
    await looping;
    store.close();
  });

  test('no connection left', async () => {
    const redis = await redisFor('--maxclients', '1');
    const holder = connect(redis.port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => holder.once('connect', resolve));
    await expect.poll(() => redis.cli('PING').catch(String), { interval: 5 }).toContain('max number of clients');
    await expectBothFail(withPassword(redis.port), { kind: 'unreachable', code: 'REDIS_MAX_CLIENTS' }, 800);
    holder.destroy();
  });

  test('a replica without its master', async () => {
    const replica = await redisFor('--replica-serve-stale-data', 'no', '--replicaof', `127.0.0.1 ${await freePort()}`);
    await expectReadFails(replica.url, { kind: 'unreachable', code: 'REDIS_MASTERDOWN' }, 800);
  });

  test('a cluster without slots', async () => {
    const redis = await redisFor('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));
    await expectBothFail(redis.url, { kind: 'unreachable', code: 'REDIS_CLUSTERDOWN' }, 800);
  });
});

describe('an operator who presses Ctrl-C', () => {
  test('during a read', async () => {
    const redis = await redisFor();
    process.kill(redis.pid, 'SIGSTOP');
    const interrupt = new AbortController();
    const store = storeAt(redis.url);
    const reading = expectFailure(
      () => store.read(deadlineIn(9000, interrupt.signal)),
      { kind: 'interrupted', code: 'INTERRUPTED' },
      700,
    );
    interrupt.abort();
    await reading;
    store.close();
  });

  test('before a write was sent: nothing is', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    const state = await store.read(deadlineIn(2000));
    const interrupt = new AbortController();
    interrupt.abort();
    const deadline = deadlineIn(9000, interrupt.signal);
    await expectFailure(
      () => store.write(writeOf(state, '{}'), deadline),
      { kind: 'interrupted', code: 'INTERRUPTED' },
      700,
    );
    expect(await redis.cli('DBSIZE')).toBe('0');
    store.close();
  });
});
