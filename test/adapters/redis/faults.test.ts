import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { historyKey, overridesKey } from '../../../src/domain/redis-keys.js';
import type { OverrideWrite, WriteOutcome } from '../../../src/ports/override-store.js';
import { deadlineIn, storeAt, writeOf } from '../../contracts/override-store.kit.js';
import { startFaultProxy, type FaultAction, type FaultRule } from '../../support/fault-proxy.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';
import { within } from '../../support/within.js';

const deadlineMs = 3500;
const fenceMs = deadlineMs - 1000;

interface Trial {
  readonly outcome: WriteOutcome | RlctlError;
  readonly write: OverrideWrite;
  readonly applied: boolean;
  readonly entries: number;
}

describe('a network that fails', () => {
  const shared: { redis: RunningRedis | null; trials: number } = { redis: null, trials: 0 };
  beforeAll(async () => {
    shared.redis = await startRedis();
    await shared.redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
  });
  afterAll(() => shared.redis?.stop());

  /** Reads through a proxy, spoils it, writes through it, and looks past it at what there is. */
  async function trial(
    rules: readonly FaultRule[],
    options: { login?: string; isInterrupted?: boolean; ms?: number; withinMs?: number } = {},
  ): Promise<Trial> {
    const redis = shared.redis as RunningRedis;
    const ms = options.ms ?? deadlineMs;
    const proxy = await startFaultProxy(redis.port);
    shared.trials += 1;
    const namespace = `t${shared.trials}`;
    const store = storeAt(`redis://${options.login ?? ''}127.0.0.1:${proxy.port}/0`, { namespace });
    try {
      const state = await store.read(deadlineIn(5000));
      for (const rule of rules) proxy.inject(rule);
      const write = writeOf(state, '{"a":1}', { fenceMs: state.serverTimeMs + ms - 1000 });
      const interrupt = new AbortController();
      const work = (): Promise<WriteOutcome> => store.write(write, deadlineIn(ms, interrupt.signal));
      const writing = within(options.withinMs ?? ms + 300, work).catch((error: unknown) => {
        if (error instanceof RlctlError) return error;
        throw error;
      });
      // Ctrl-C comes once the fault has struck, and not before.
      if (options.isInterrupted === true) {
        await expect.poll(() => proxy.struck, { interval: 10 }).toBeGreaterThan(0);
        interrupt.abort();
      }
      const outcome = await writing;
      const key = overridesKey(namespace);
      const applied = (await redis.cli('GET', key)) === '{"a":1}';
      return { outcome, write, applied, entries: Number(await redis.cli('XLEN', historyKey(key))) };
    } finally {
      store.close();
      await proxy.stop();
    }
  }

  /** The one thing that must hold under every fault: what is said is what is. */
  function expectTruth({ outcome, applied, entries }: Trial): void {
    expect(entries).toBe(applied ? 1 : 0);
    if (outcome instanceof RlctlError) {
      expect([outcome.kind, applied]).toEqual(['unreachable', false]);
      expect(outcome.hint).toBeTruthy();
    } else if (outcome.kind === 'written') expect(applied).toBe(true);
    else if (outcome.kind === 'expired') expect(applied).toBe(false);
    else expect(outcome).toMatchObject({ kind: 'unknown', cause: expect.stringMatching(/./) });
  }

  const actions: readonly FaultAction[] = ['reset', 'close', 'silence', 'half', 'halfReset'];
  const logins = [
    ['EVAL', '', 'EVAL'],
    // The command itself, and not its name inside the script that is refused before.
    ['a transaction', 'noeval:pw@', '\nXADD\r\n'],
  ] as const;

  describe.concurrent.each(logins)('by %s', (_, login, word) => {
    test.each(actions)('the answer is lost once (%s): written, found again by its id', async (action) => {
      const result = await trial([{ at: 'reply', containing: word, action }], { login });
      expectTruth(result);
      expect(result.outcome).toMatchObject({ kind: 'written', wasDuplicate: true });
    });

    test.each(actions)('the request is lost once (%s): written by the second attempt', async (action) => {
      const result = await trial([{ at: 'request', containing: word, action }], { login });
      expectTruth(result);
      expect(result.outcome).toMatchObject({ kind: 'written' });
    });

    test.each(actions)('every answer is lost (%s): found in the history', async (action) => {
      const result = await trial([{ at: 'reply', containing: word, action, times: Infinity }], { login });
      expectTruth(result);
      expect(result.outcome).toMatchObject({ kind: 'written', wasDuplicate: true });
    });

    test.each(actions)('every request is lost (%s): proven not applied', async (action) => {
      const result = await trial([{ at: 'request', containing: word, action, times: Infinity }], { login });
      expectTruth(result);
      // A half request that ends with a reset may have been complete enough; whatever is said is true.
      const outcome = result.outcome as WriteOutcome;
      expect(['expired', 'written']).toContain(outcome.kind);
      if (outcome.kind === 'expired') expect(outcome.cause).toMatch(/was lost|closed the connection|did not answer/);
    });

    test.each(actions)('after a lost answer nobody can be reached any more (%s): unknown', async (action) => {
      const rules: FaultRule[] = [
        { at: 'reply', containing: word, action: 'reset' },
        { at: 'connect', action: action === 'half' || action === 'halfReset' ? 'silence' : action, times: Infinity },
      ];
      const result = await trial(rules, { login });
      expectTruth(result);
      expect(result.outcome).toMatchObject({ kind: 'unknown' });
      expect(result.applied).toBe(true);
    });

    test('whoever stays silent to the end is given up in time for a last look', async () => {
      // So that the second wait would have ended with nothing left.
      const ms = 3000;
      const rules: FaultRule[] = [
        { at: 'reply', containing: word, action: 'reset' },
        { at: 'connect', action: 'silence', times: Infinity },
      ];
      const result = await trial(rules, { login, ms, withinMs: ms + 200 });
      expect(result.outcome).toMatchObject({ kind: 'unknown' });
    });

    test('after a lost request nobody can be reached any more: unknown, and nothing there', async () => {
      const rules: FaultRule[] = [
        { at: 'request', containing: word, action: 'reset' },
        { at: 'connect', action: 'reset', times: Infinity },
      ];
      const result = await trial(rules, { login });
      expectTruth(result);
      expect([(result.outcome as WriteOutcome).kind, result.applied]).toEqual(['unknown', false]);
    });
  });

  test('nobody can be reached before anything was sent: an error, nothing written', async () => {
    const rules: FaultRule[] = [{ at: 'connect', action: 'reset', times: Infinity }];
    const redis = shared.redis as RunningRedis;
    const proxy = await startFaultProxy(redis.port);
    for (const rule of rules) proxy.inject(rule);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`, { namespace: 'unsent' });
    await expect(store.read(deadlineIn(1500))).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'REDIS_CONNECTION_LOST',
    });
    store.close();
    await proxy.stop();
  });

  test.each(actions)('a read whose answer is lost once is done again (%s)', async (action) => {
    const proxy = await startFaultProxy((shared.redis as RunningRedis).port);
    proxy.inject({ at: 'reply', containing: 'STRLEN', action });
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`, { namespace: 'read' });
    expect(await store.read(deadlineIn(deadlineMs))).toMatchObject({ type: 'none' });
    expect(proxy.accepted).toBe(2);
    store.close();
    await proxy.stop();
  });

  test('what is delivered after we gave up is refused by the fence', async () => {
    const late = deadlineMs + 200;
    const rules: FaultRule[] = [
      { at: 'request', containing: 'EVAL', action: 'delay', delayMs: late },
      { at: 'connect', action: 'reset', times: Infinity },
    ];
    const redis = shared.redis as RunningRedis;
    const proxy = await startFaultProxy(redis.port);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`, { namespace: 'late' });
    const state = await store.read(deadlineIn(5000));
    for (const rule of rules) proxy.inject(rule);
    const before = Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0);
    const outcome = await store.write(
      writeOf(state, '{"a":1}', { fenceMs: state.serverTimeMs + fenceMs }),
      deadlineIn(deadlineMs),
    );
    expect(outcome.kind).toBe('unknown');
    await expect
      .poll(async () => Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0), {
        timeout: 5000,
      })
      .toBe(before + 1);
    expect([
      await redis.cli('EXISTS', overridesKey('late')),
      await redis.cli('XLEN', historyKey(overridesKey('late'))),
    ]).toEqual(['0', '0']);
    store.close();
    await proxy.stop();
  });

  test('a transaction that is delivered after we had proven it absent is void', async () => {
    const redis = shared.redis as RunningRedis;
    const proxy = await startFaultProxy(redis.port);
    const store = storeAt(`redis://noeval:pw@127.0.0.1:${proxy.port}`, { namespace: 'lateExec' });
    const state = await store.read(deadlineIn(5000));
    proxy.inject({ at: 'request', containing: 'EXEC', action: 'delay', delayMs: 2500 });
    const interrupt = new AbortController();
    const calls = async (): Promise<number> =>
      Number(/cmdstat_exec:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0);
    const before = await calls();
    const writing = store.write(writeOf(state, '{"a":1}'), deadlineIn(9000, interrupt.signal));
    // Ctrl-C comes while the transaction is on its way, and not before.
    await expect.poll(() => proxy.struck).toBe(1);
    interrupt.abort();
    expect(await writing).toMatchObject({ kind: 'expired' });
    // Ours that voids it, and then the late one.
    await expect.poll(calls).toBe(before + 2);
    expect(await redis.cli('EXISTS', overridesKey('lateExec'))).toBe('0');
    store.close();
    await proxy.stop();
  });

  test('Ctrl-C while an answer is on its way: the answer is waited for', async () => {
    const result = await trial([{ at: 'reply', containing: 'EVAL', action: 'delay', delayMs: 250 }], {
      isInterrupted: true,
      withinMs: 1300,
    });
    expectTruth(result);
    expect(result.outcome).toMatchObject({ kind: 'written', wasDuplicate: false });
  });

  test('Ctrl-C while the answer never comes: found in the history within a second', async () => {
    const result = await trial([{ at: 'reply', containing: 'EVAL', action: 'silence' }], {
      isInterrupted: true,
      ms: 9000,
      withinMs: 1400,
    });
    expectTruth(result);
    expect(result.outcome).toMatchObject({ kind: 'written', wasDuplicate: true });
  });

  test('Ctrl-C while the request never arrived: unknown, and until when it may still happen', async () => {
    const result = await trial([{ at: 'request', containing: 'EVAL', action: 'silence' }], {
      isInterrupted: true,
      ms: 9000,
      withinMs: 1400,
    });
    expectTruth(result);
    expect(result.outcome).toEqual({
      kind: 'unknown',
      cause: `not applied so far; it may still be until ${new Date(result.write.fenceMs).toISOString()}`,
    });
  });

  describe('the server refuses every attempt after the first', () => {
    async function spoiled(at: 'request' | 'reply', spoil: (redis: RunningRedis) => Promise<unknown>) {
      const redis = await startRedis();
      const proxy = await startFaultProxy(redis.port);
      const store = storeAt(`redis://127.0.0.1:${proxy.port}`);
      onTestFinished(async () => {
        store.close();
        await proxy.stop();
        await redis.stop();
      });
      const state = await store.read(deadlineIn(5000));
      // The answer, or the request, is held back until the server has changed its mind.
      proxy.inject({ at, containing: 'EVAL', action: 'silence' });
      const writing = store.write(
        writeOf(state, '{"a":1}', { fenceMs: state.serverTimeMs + fenceMs }),
        deadlineIn(deadlineMs),
      );
      const spoiling = spoil(redis);
      const outcome = await writing.catch((error: unknown) => error as RlctlError);
      await spoiling;
      return { outcome, exists: await redis.cli('--no-auth-warning', '-a', 'new', 'EXISTS', overridesKey('test')) };
    }

    const applied = async (redis: RunningRedis): Promise<void> => {
      await expect.poll(() => redis.cli('EXISTS', overridesKey('test')), { interval: 5 }).toBe('1');
    };
    const noReplicas = (redis: RunningRedis): Promise<string> =>
      redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');

    test('writes, after it had taken ours: written', async () => {
      const { outcome, exists } = await spoiled('reply', async (redis) => {
        await applied(redis);
        await noReplicas(redis);
      });
      expect([outcome, exists]).toMatchObject([{ kind: 'written', wasDuplicate: true }, '1']);
    });

    test('writes, before it saw ours: proven not applied, and the refusal is the error', async () => {
      const { outcome, exists } = await spoiled('request', noReplicas);
      expect([outcome, exists]).toMatchObject([{ kind: 'refused', code: 'REDIS_NOREPLICAS' }, '0']);
    });

    test('logins, after it had taken ours: unknown at once, with the cause', async () => {
      const withPassword = async (redis: RunningRedis): Promise<void> => {
        await applied(redis);
        await redis.cli('CONFIG', 'SET', 'requirepass', 'new');
      };
      const { outcome, exists } = await within(deadlineMs, () => spoiled('reply', withPassword));
      expect([outcome, exists]).toMatchObject([
        { kind: 'unknown', cause: expect.stringContaining('wants a password') },
        '1',
      ]);
    });
  });
});
