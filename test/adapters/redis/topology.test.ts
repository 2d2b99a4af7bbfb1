import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { historyKey, keySlot, metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { deadlineIn, storeAt, textOf, writeOf } from '../../contracts/override-store.kit.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { freePort, startRedis, type RunningRedis } from '../../support/redis-server.js';

const run = promisify(execFile);
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
    const start = performance.now();
    const outcome = await store.write(writeOf(state, '{"a":1}', { requiredReplicas: 1 }), deadlineIn(3000));
    expect(outcome).toMatchObject({
      kind: 'written',
      wasDuplicate: true,
      replication: { required: 1, acknowledged: 0 },
    });
    expect(performance.now() - start).toBeLessThan(3300);
    store.close();
    await proxy.stop();
  });
});

describe('Sentinel', () => {
  async function startSentinel(master: RunningRedis): Promise<{ port: number }> {
    const folder = await mkdtemp(join(tmpdir(), 'rlctl-sentinel-'));
    const port = await freePort();
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds mymaster 500',
      'sentinel failover-timeout mymaster 3000',
    ];
    const file = join(folder, 'sentinel.conf');
    await writeFile(file, lines.join('\n'));
    const child = spawn('redis-sentinel', [file], { stdio: 'ignore' });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    });
    const ask = async (): Promise<string> =>
      (await run('redis-cli', ['-p', String(port), 'SENTINEL', 'REPLICAS', 'mymaster']).catch(() => ({ stdout: '' })))
        .stdout;
    await expect.poll(ask, { timeout: 15_000 }).toContain('master-link-status\nok');
    return { port };
  }

  test('finds the master, and the new one after a failover', { timeout: 60_000 }, async () => {
    const master = await redisFor();
    const replica = await replicaOf(master);
    const sentinel = await startSentinel(master);
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

  test('a master that no sentinel knows', { timeout: 60_000 }, async () => {
    const master = await redisFor();
    await replicaOf(master);
    const sentinel = await startSentinel(master);
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
  async function startCluster(): Promise<RunningRedis[]> {
    const nodes: RunningRedis[] = [];
    for (let index = 0; index < 3; index += 1) {
      nodes.push(
        await redisFor(
          '--cluster-enabled',
          'yes',
          '--cluster-port',
          String(await freePort()),
          '--cluster-node-timeout',
          '2000',
        ),
      );
    }
    const addresses = nodes.map((node) => `127.0.0.1:${node.port}`);
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes']);
    for (const node of nodes)
      await expect.poll(() => node.cli('CLUSTER', 'INFO'), { timeout: 15_000 }).toContain('cluster_state:ok');
    return nodes;
  }

  test('every namespace is read and written from any node, with either form of URL', { timeout: 60_000 }, async () => {
    const nodes = await startCluster();
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
      const owner = await ownerOf(nodes, document);
      expect(await owner.cli('GET', document)).toBe('{"2redis+cluster":1}');
      expect(await owner.cli('XLEN', historyKey(document))).toBe('6');
      expect(await owner.cli('GET', metadataKey(document))).toBe('{"2redis+cluster":1}');
    }
  });

  /** The node that answers for a key without sending us elsewhere. */
  async function ownerOf(nodes: readonly RunningRedis[], name: string): Promise<RunningRedis> {
    for (const node of nodes)
      if ((await node.cli('CLUSTER', 'COUNTKEYSINSLOT', String(keySlot(name)))) !== '0') return node;
    throw new Error('no node has it');
  }

  test('a lost answer on a cluster is resolved there too', { timeout: 60_000 }, async () => {
    const nodes = await startCluster();
    const store = storeAt(`redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(',')}`);
    const write = writeOf(await store.read(deadlineIn(5000)), '{"a":1}');
    await store.write(write, deadlineIn(5000));
    // The slot's node forgets the connections; the next attempt finds its way again.
    for (const node of nodes) await node.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await store.write(write, deadlineIn(5000))).toMatchObject({ kind: 'written', wasDuplicate: true });
    store.close();
  });
});
