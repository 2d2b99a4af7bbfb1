import { describe, expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../../../src/adapters/redis/failure.js';
import { explainFailure } from '../../../src/adapters/redis/redis-failure.js';
import { historyLimit } from '../../../src/adapters/redis/write-script.js';
import { deadlineIn, storeAt, writeOf } from '../../contracts/override-store.kit.js';
import { freePort, startRedis } from '../../support/redis-server.js';

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('nothing is left behind', () => {
  test('after close no socket is open and no timer runs', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const before = { sockets: sockets(), timers: timers() };
    const store = storeAt(redis.url);
    const state = await store.read(deadlineIn(5000));
    await store.write(writeOf(state, '{}'), deadlineIn(5000));
    expect(sockets()).toBe(before.sockets + 1);
    store.close();
    await expect.poll(() => sockets(), { interval: 1 }).toBe(before.sockets);
    expect(timers()).toBeLessThanOrEqual(before.timers + 1);
  });

  test('an early connection that fails harms nobody until it is used', async () => {
    const store = storeAt(`redis://127.0.0.1:${await freePort()}`);
    store.open(deadlineIn(5000));
    await expect(store.read(deadlineIn(5000))).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    store.close();
  });

  test('opened and never used', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const before = sockets();
    const store = storeAt(redis.url);
    store.open(deadlineIn(5000));
    store.close();
    await expect.poll(() => sockets(), { interval: 1 }).toBe(before);
  });

  test('a closed store says so', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const store = storeAt(redis.url);
    store.close();
    await expect(store.read(deadlineIn(500))).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('the library is never allowed to print what it sends', async () => {
    process.env['DEBUG'] = 'ioredis:*';
    onTestFinished(() => void delete process.env['DEBUG']);
    const store = storeAt(`redis://127.0.0.1:${await freePort()}`);
    await expect(store.read(deadlineIn(500))).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(process.env['DEBUG']).toBeUndefined();
  });
});

describe('what cannot be brought about on loopback', () => {
  test.each([
    ['ENOTFOUND', 'REDIS_HOST_UNKNOWN'],
    ['EAI_AGAIN', 'REDIS_HOST_UNKNOWN'],
    ['EHOSTUNREACH', 'REDIS_UNREACHABLE'],
    ['ENETUNREACH', 'REDIS_UNREACHABLE'],
    ['ETIMEDOUT', 'REDIS_SILENT'],
    ['EPIPE', 'REDIS_CONNECTION_LOST'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'REDIS_TLS'],
    ['CERT_HAS_EXPIRED', 'REDIS_TLS'],
  ])('%s is %s', (code, expected) => {
    const error = Object.assign(new Error('secret CANARY'), { code, command: { args: ['CANARY'] } });
    const explained = explainFailure(failureOf(error, 'host:1'), 'default');
    expect([explained.kind, explained.code]).toEqual(['unreachable', expected]);
    expect(explained.message).toContain('host:1');
    expect(JSON.stringify([explained.message, explained.hint, explained.details, explained.cause])).not.toContain(
      'CANARY',
    );
  });
});

test.each([
  [100, 10_000],
  [1024 * 1024, 10_000],
  [4 * 1024 * 1024, 3200],
  [16 * 1024 * 1024, 800],
  [1024 * 1024 * 1024, 400],
])('the history of a document of %i bytes keeps %i entries', (bytes, entries) => {
  expect(historyLimit(bytes, 10_000)).toBe(entries);
  expect(historyLimit(bytes, 50)).toBe(50);
});
