import { describe, expect, onTestFinished, test } from 'vitest';
import { historyKey, keySlot, metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { deadlineIn, storeAt, textOf, writeOf } from '../../contracts/override-store.kit.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { setRate } from '../../support/in-process-writer.js';
import { startCluster, type RunningCluster } from '../../support/redis-cluster.js';
import { freePort, startRedis, type RunningRedis } from '../../support/redis-server.js';
import { startSentinel, type RunningSentinel } from '../../support/sentinel.js';
import { within } from '../../support/within.js';

const key = overridesKey('test');

async function redisFor(...args: string[]): Promise<RunningRedis> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

async function replicaOf(master: RunningRedis): Promise<RunningRedis> {
  await master.cli('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  const replica = await redisFor('--replicaof', `127.0.0.1 ${master.port}`);
  await expect.poll(() => master.cli('INFO', 'replication'), { timeout: 15_000 }).toContain('state=online');
  await expect.poll(() => replica.cli('INFO', 'replication'), { timeout: 15_000 }).toContain('master_link_status:up');
  return replica;
}

describe('one server', () => {
  test('a read and a write take one connection; a client that was opened early uses that one', async () => {
    const redis = await redisFor();
    const proxy = await startFaultProxy(redis.port);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`);
    store.open(deadlineIn(3000));
    await expect.poll(() => proxy.accepted).toBe(1);
    const state = await store.read(deadlineIn(3000));
    expect(await store.write(writeOf(state, '{"a":1}'), deadlineIn(3000))).toMatchObject({ kind: 'written' });
    await store.history({ limit: 1 }, deadlineIn(3000));
    expect(proxy.accepted).toBe(1);
    store.close();
    await proxy.stop();
  });
});

describe('replicas', () => {
  test('the read counts them, and a write waits for them', async () => {
    const master = await redisFor();
    const replica = await replicaOf(master);
    const store = storeAt(master.url);
    const state = await store.read(deadlineIn(3000));
    expect(state.replicas).toBe(1);
    const write = writeOf(state, '{"a":1}', { requiredReplicas: 1 });
    expect(await store.write(write, deadlineIn(5000))).toMatchObject({ replication: { required: 1, acknowledged: 1 } });
    expect(await replica.cli('GET', key)).toBe('{"a":1}');
    expect(await replica.cli('XLEN', historyKey(key))).toBe('1');
    store.close();
  });

  test('one that hangs does not acknowledge, also where the answer was lost; the write is told, in time', async () => {
    const master = await redisFor();
    const replica = await replicaOf(master);
    const proxy = await startFaultProxy(master.port);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`);
    const state = await store.read(deadlineIn(3000));
    process.kill(replica.pid, 'SIGSTOP');
    proxy.inject({ at: 'reply', containing: 'EVAL', action: 'reset' });
    const write = writeOf(state, '{"a":1}', { requiredReplicas: 1 });
    const outcome = await within(3300, () => store.write(write, deadlineIn(3000)));
    expect(outcome).toMatchObject({
      kind: 'written',
      wasDuplicate: true,
      replication: { required: 1, acknowledged: 0 },
    });
    store.close();
    await proxy.stop();
  });
});

describe('Sentinel', () => {
  async function sentinelOf(master: RunningRedis): Promise<RunningSentinel> {
    const sentinel = await startSentinel(master);
    onTestFinished(() => sentinel.stop());
    return sentinel;
  }

  test('finds the master, and the new one after a failover', { timeout: 60_000 }, async () => {
    const master = await redisFor();
    const replica = await replicaOf(master);
    const sentinel = await sentinelOf(master);
    const deadPort = await freePort();
    const store = storeAt(`redis+sentinel://127.0.0.1:${deadPort},127.0.0.1:${sentinel.port}/mymaster`);
    const state = await store.read(deadlineIn(5000));
    const write = writeOf(state, '{"a":1}', { requiredReplicas: 1 });
    expect(await store.write(write, deadlineIn(5000))).toMatchObject({ replication: { acknowledged: 1 } });
    await master.stop();
    // The connection is dead and the sentinel still names the old master: both are waited out.
    const after = await store.read(deadlineIn(25_000));
    expect(textOf(after.bytes)).toBe('{"a":1}');
    expect(after.runId).not.toBe(state.runId);
    await expect.poll(() => replica.cli('INFO', 'replication'), { timeout: 15_000 }).toContain('role:master');
    const second = writeOf(await store.read(deadlineIn(5000)), '{"b":1}');
    expect(await store.write(second, deadlineIn(15_000))).toMatchObject({ kind: 'written', sawForeignChange: false });
    expect(await replica.cli('GET', key)).toBe('{"b":1}');
    store.close();
  });

  test(
    'a master that has lost its replica counts none, and Sentinel still does: a write is told as not replicated',
    { timeout: 60_000 },
    async () => {
      const master = await redisFor();
      const replica = await replicaOf(master);
      const store = storeAt((await sentinelOf(master)).url);
      expect(await store.read(deadlineIn(5000))).toMatchObject({ replicas: 1, watchedReplicas: 1 });
      await replica.stop();
      await expect.poll(() => master.cli('INFO', 'replication'), { timeout: 15_000 }).toContain('connected_slaves:0');
      expect(await store.read(deadlineIn(5000))).toMatchObject({ replicas: 0, watchedReplicas: 1 });
      expect((await setRate(store, '/a', 1, 8000)).outcome).toMatchObject({
        kind: 'written',
        replication: { required: 1, acknowledged: 0 },
      });
      store.close();
    },
  );

  test('a master that no sentinel knows', { timeout: 60_000 }, async () => {
    const master = await redisFor();
    await replicaOf(master);
    const sentinel = await sentinelOf(master);
    const store = storeAt(`redis+sentinel://127.0.0.1:${sentinel.port}/other`);
    await expect(store.read(deadlineIn(5000))).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'REDIS_NO_MASTER',
      message: 'no sentinel knows a master named "other"',
    });
    store.close();
  });
});

describe('Cluster', () => {
  async function clusterOfThree(): Promise<RunningCluster> {
    const cluster = await startCluster(3, 0);
    onTestFinished(() => cluster.stop());
    return cluster;
  }

  test('every namespace is read and written from any node, with either form of URL', { timeout: 60_000 }, async () => {
    const { nodes, ownerOf } = await clusterOfThree();
    const namespaces = ['instainstru', 'other', '{tag}', 'a{}b', 'a}b'];
    for (const namespace of namespaces) {
      const document = overridesKey(namespace);
      for (const [index, node] of nodes.entries()) {
        for (const scheme of ['redis', 'redis+cluster']) {
          const store = storeAt(`${scheme}://127.0.0.1:${node.port}`, { namespace });
          const state = await store.read(deadlineIn(5000));
          const next = `{"${index}${scheme}":1}`;
          const write = writeOf(state, next, { nextMetadata: next });
          expect(await store.write(write, deadlineIn(5000))).toMatchObject({
            kind: 'written',
            sawForeignChange: false,
          });
          store.close();
        }
      }
      const owner = await ownerOf(keySlot(document));
      expect(await owner.cli('GET', document)).toBe('{"2redis+cluster":1}');
      expect(await owner.cli('XLEN', historyKey(document))).toBe('6');
      expect(await owner.cli('GET', metadataKey(document))).toBe('{"2redis+cluster":1}');
    }
  });

  test('a lost answer on a cluster is resolved there too', { timeout: 60_000 }, async () => {
    const { nodes, url } = await clusterOfThree();
    const store = storeAt(url);
    const write = writeOf(await store.read(deadlineIn(5000)), '{"a":1}');
    await store.write(write, deadlineIn(5000));
    // The slot's node forgets the connections; the next attempt finds its way again.
    for (const node of nodes) await node.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await store.write(write, deadlineIn(5000))).toMatchObject({ kind: 'written', wasDuplicate: true });
    store.close();
  });
});
