import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Heartbeat } from '../../../src/domain/override/heartbeat.js';
import { expiryKey, historyKey, metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { deadlineIn, emptyBody, storeAt, writeOf } from '../../contracts/override-store.kit.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';

const key = overridesKey('test');
const keys = [key, historyKey(key), metadataKey(key)];

/** The least that each role needs; nothing of `@connection` beside AUTH and what Redis always allows. */
const readerCommands = ['type', 'strlen', 'getrange', 'pttl', 'xrevrange', 'xrange', 'time', 'info'];
const operatorCommands = [...readerCommands, 'get', 'set', 'xadd', 'xdel', 'eval', 'wait'];
const transactionCommands = [...operatorCommands.filter((name) => name !== 'eval'), 'watch', 'multi', 'exec'];

describe('least privilege', () => {
  const shared: { redis: RunningRedis | null; users: number } = { redis: null, users: 0 };
  beforeAll(async () => {
    shared.redis = await startRedis();
  });
  afterAll(() => shared.redis?.stop());

  /** The URL of a new user with these commands and keys, given as an ACL file would. */
  async function userWith(commands: readonly string[], patterns: readonly string[] = keys): Promise<string> {
    const redis = shared.redis as RunningRedis;
    shared.users += 1;
    const name = `user${shared.users}`;
    await redis.cli('FLUSHALL');
    const keyRules = patterns.map((pattern) => `~${pattern}`);
    await redis.cli(
      'ACL',
      'SETUSER',
      name,
      'on',
      '>pw',
      'resetchannels',
      '-@all',
      ...keyRules,
      ...commands.map((each) => `+${each}`),
    );
    return `redis://${name}:pw@127.0.0.1:${redis.port}`;
  }

  async function readAndWrite(url: string) {
    const store = storeAt(url);
    try {
      await (shared.redis as RunningRedis).cli('SET', key, '{"first":1}');
      const state = await store.read(deadlineIn(3000));
      const write = writeOf(state, '{"a":1}', { nextMetadata: '{}', requiredReplicas: 1 });
      const outcome = await store.write(write, deadlineIn(3000));
      await store.history({ limit: 10 }, deadlineIn(3000));
      return { state, outcome };
    } finally {
      store.close();
    }
  }

  test('the reader reads everything and writes nothing', async () => {
    const url = await userWith(readerCommands);
    await expect(readAndWrite(url)).rejects.toMatchObject({ kind: 'refused', code: 'REDIS_NOPERM' });
    expect(await shared.redis?.cli('GET', key)).toBe('{"first":1}');
    const store = storeAt(url);
    expect(await store.read(deadlineIn(3000))).toMatchObject({
      type: 'string',
      replicas: 0,
      runId: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(await store.history({ limit: 10 }, deadlineIn(3000))).toEqual([]);
    store.close();
  });

  test('the operator does the whole job', async () => {
    const { outcome } = await readAndWrite(await userWith(operatorCommands));
    expect(outcome).toMatchObject({
      kind: 'written',
      usedTransaction: false,
      replication: { required: 1, acknowledged: 0 },
    });
  });

  test('so does one without EVAL, by a transaction', async () => {
    const { outcome } = await readAndWrite(await userWith(transactionCommands));
    expect(outcome).toMatchObject({ kind: 'written', usedTransaction: true });
  });

  test('the heartbeat is read and left where its key is allowed, and not known where it is not', async () => {
    const beat = { atMs: 1, by: 'b', everySeconds: 60, previousMs: null, reloaded: null };
    for (const commands of [operatorCommands, transactionCommands]) {
      const allowed = storeAt(await userWith(commands, [...keys, expiryKey(key)]));
      await allowed.beat(() => beat, deadlineIn(3000));
      expect((await allowed.read(deadlineIn(3000))).heartbeat).toEqual(beat);
      allowed.close();
    }
    const other = storeAt(await userWith(operatorCommands));
    expect((await other.read(deadlineIn(3000))).heartbeat).toBe('unknown');
    await expect(other.beat(() => beat, deadlineIn(3000))).rejects.toMatchObject({
      kind: 'refused',
      code: 'REDIS_NOPERM',
    });
    other.close();
  });

  test.each([
    ['by script', operatorCommands],
    ['by transaction', transactionCommands],
  ])('of heartbeats left at once none is lost on the way, %s', async (_, commands) => {
    const url = await userWith(commands, [...keys, expiryKey(key)]);
    const stores = Array.from({ length: 8 }, () => storeAt(url));
    const none = { atMs: 0, by: 'b', everySeconds: null, previousMs: null, reloaded: null };
    const more = (stored: typeof none | Heartbeat | null): Heartbeat => ({ ...none, atMs: (stored?.atMs ?? 0) + 1 });
    await Promise.all(stores.map((each) => each.beat(more, deadlineIn(10_000))));
    expect((await stores[0]?.read(deadlineIn(3000)))?.heartbeat).toEqual({ ...none, atMs: 8 });
    for (const each of stores) each.close();
  });

  test('a heartbeat is left where something else was', async () => {
    const redis = shared.redis as RunningRedis;
    const beat = { atMs: 1, by: 'b', everySeconds: 60, previousMs: null, reloaded: null };
    for (const commands of [operatorCommands, transactionCommands])
      for (const words of [
        ['EVAL', String.raw`return redis.call('SET', KEYS[1], '\255\254')`, '1', expiryKey(key)],
        ['RPUSH', expiryKey(key), 'x'],
      ]) {
        const store = storeAt(await userWith(commands, [...keys, expiryKey(key)]));
        await redis.cli(...words);
        await store.beat(() => beat, deadlineIn(3000));
        expect((await store.read(deadlineIn(3000))).heartbeat).toEqual(beat);
        store.close();
      }
  });

  test('what is no heartbeat is none', async () => {
    const redis = shared.redis as RunningRedis;
    const store = storeAt(await userWith(readerCommands, [...keys, expiryKey(key)]));
    for (const text of ['', 'x', '{}', '[1]', '{"atMs":"1"}', '{"atMs":1e300}']) {
      await redis.cli('SET', expiryKey(key), text);
      expect((await store.read(deadlineIn(3000))).heartbeat).toBeNull();
    }
    await redis.cli('DEL', expiryKey(key));
    await redis.cli('RPUSH', expiryKey(key), 'x');
    expect((await store.read(deadlineIn(3000))).heartbeat).toBe('unknown');
    store.close();
  });

  test('replacing a key of the wrong type needs DUMP beside', async () => {
    for (const [commands, isAllowed] of [
      [operatorCommands, false],
      [[...operatorCommands, 'dump'], true],
    ] as const) {
      const store = storeAt(await userWith(commands));
      await shared.redis?.cli('SADD', key, 'x');
      const state = await store.read(deadlineIn(3000));
      const write = writeOf(state, '{}', { replaceWrongType: true, body: { ...emptyBody, splices: null } });
      const outcome = await store.write(write, deadlineIn(3000)).then(
        ({ kind }) => kind,
        (error: Error) => error.message,
      );
      expect(outcome).toEqual(isAllowed ? 'written' : expect.stringContaining('may not run DUMP'));
      expect(await shared.redis?.cli('TYPE', key)).toBe(isAllowed ? 'string' : 'set');
      store.close();
    }
  });

  test('without XRANGE the history is trimmed by its number alone', async () => {
    const { outcome } = await readAndWrite(await userWith(operatorCommands.filter((name) => name !== 'xrange')));
    expect(outcome).toMatchObject({ kind: 'written', usedTransaction: false });
    const fallback = transactionCommands.filter((name) => name !== 'xrange');
    expect((await readAndWrite(await userWith(fallback))).outcome).toMatchObject({ usedTransaction: true });
  });

  test('without INFO replicas and identity are not known, and that is no error', async () => {
    const { state, outcome } = await readAndWrite(await userWith(operatorCommands.filter((name) => name !== 'info')));
    expect([state.replicas, state.runId, outcome.kind]).toEqual([null, null, 'written']);
  });

  test('without WAIT nothing counts as acknowledged, and the write is told', async () => {
    const { outcome } = await readAndWrite(await userWith(operatorCommands.filter((name) => name !== 'wait')));
    expect(outcome).toMatchObject({ kind: 'written', replication: { required: 1, acknowledged: 0 } });
  });

  const needed = operatorCommands.filter((name) => !['info', 'wait', 'eval', 'xdel', 'xrange'].includes(name));
  test.each(needed)('without %s: named, nothing changed, no entry left', async (missing) => {
    const url = await userWith(operatorCommands.filter((name) => name !== missing));
    await expect(readAndWrite(url)).rejects.toMatchObject({
      kind: 'refused',
      code: 'REDIS_NOPERM',
      message: expect.stringContaining(`may not run ${missing.toUpperCase()}`),
      hint: expect.stringContaining('ACL SETUSER user'),
    });
    const redis = shared.redis as RunningRedis;
    expect([
      await redis.cli('GET', key),
      await redis.cli('XLEN', historyKey(key)),
      await redis.cli('EXISTS', metadataKey(key)),
    ]).toEqual(['{"first":1}', '0', '0']);
  });

  test('without EVAL and WATCH: WATCH is named', async () => {
    const url = await userWith(operatorCommands.filter((name) => name !== 'eval'));
    await expect(readAndWrite(url)).rejects.toMatchObject({
      code: 'REDIS_NOPERM',
      message: expect.stringContaining('may not run WATCH'),
    });
  });

  test.each([
    ['document', 0],
    ['history', 1],
    ['metadata', 2],
  ])('without the key of the %s: named, nothing changed', async (_, index) => {
    const url = await userWith(
      operatorCommands,
      keys.filter((each) => each !== keys[index]),
    );
    await expect(readAndWrite(url)).rejects.toMatchObject({
      kind: 'refused',
      code: 'REDIS_NOPERM',
      message: expect.stringContaining(`"${keys[index]}"`),
    });
    expect(await shared.redis?.cli('GET', key)).toBe('{"first":1}');
  });
});
