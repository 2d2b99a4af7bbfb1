import { keySlot } from '../../src/domain/redis-keys.js';
import { startEmbedded, startEmbeddedWithoutScripts, type TestRedis } from '../support/embedded-redis.js';
import { startFaultProxy, type FaultProxy, type FaultRule } from '../support/fault-proxy.js';
import { startCluster } from '../support/redis-cluster.js';
import { isInstalled, startRedis, type RunningRedis, type ServerProgram } from '../support/redis-server.js';
import { startSentinel } from '../support/sentinel.js';
import { until } from '../support/until.js';

/** How a key is reached. */
interface RedisWay {
  /** As people configure it; everything that it reaches is reached through a proxy. */
  readonly url: string;
  /** The server that has the key, as it is. */
  readonly straightUrl: string;
  /** redis-cli on that server. */
  cli(this: void, ...args: readonly string[]): Promise<string>;
  inject(this: void, rule: FaultRule): void;
}

/** Redis in one of the forms in which it is run. */
interface RedisDoor {
  /** The way to a key, on which nothing goes wrong yet: whatever went wrong on an earlier one is over. */
  way(this: void, key: string): Promise<RedisWay>;
  /** Whether it has the command DUMP. */
  readonly hasDump: boolean;
  /** How many replicas acknowledge a write. */
  readonly replicas: number;
  stop(this: void): Promise<void>;
}

/** A form, and why it cannot be tried on this machine; `null`: it can. */
export interface DoorKind {
  readonly name: string;
  /** No scripts there: a change is written by WATCH and MULTI. */
  readonly usesTransaction?: boolean;
  readonly whyNot: string | null;
  start(this: void): Promise<RedisDoor>;
}

type Traits = Omit<RedisDoor, 'way' | 'stop'> & { readonly login?: string };

const alone: Traits = { hasDump: true, replicas: 0 };

/** One server, and a proxy for each way to it. */
function oneServer(redis: TestRedis, { login = '', ...traits }: Traits): RedisDoor {
  const proxies: FaultProxy[] = [];
  const urlAt = (port: number): string => `redis://${login}127.0.0.1:${port}/0`;
  return {
    ...traits,
    way: async () => {
      const proxy = await startFaultProxy(redis.port);
      proxies.push(proxy);
      const { cli } = redis;
      return { url: urlAt(proxy.port), straightUrl: urlAt(redis.port), cli, inject: (rule) => proxy.inject(rule) };
    },
    stop: async () => {
      for (const proxy of proxies) await proxy.stop();
      await redis.stop();
    },
  };
}

async function startReal(program: ServerProgram): Promise<RedisDoor> {
  return oneServer(await startRedis({ program }), alone);
}

async function startWithoutEval(): Promise<RedisDoor> {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-eval', '-evalsha', '-@scripting');
  return oneServer(redis, { ...alone, login: 'noeval:pw@' });
}

async function startInProcess(starting: Promise<TestRedis>): Promise<RedisDoor> {
  return oneServer(await starting, { hasDump: false, replicas: 0 });
}

/** Nothing fails over here, however long the machine keeps a server waiting. */
const neverMs = 600_000;

/** A master, its replica, and the sentinel that knows the master at the proxy's address, which it tells to whoever asks. */
async function startSentinelDoor(): Promise<RedisDoor> {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const proxy = await startFaultProxy(master.port);
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(proxy.port)] });
  await until(async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'), 'the replica');
  const sentinel = await startSentinel(proxy, neverMs);
  return {
    ...alone,
    replicas: 1,
    way: async () => {
      proxy.clear();
      const { url: straightUrl, cli } = master;
      return { url: sentinel.url, straightUrl, cli, inject: (rule) => proxy.inject(rule) };
    },
    stop: async () => {
      await sentinel.stop();
      await replica.stop();
      await proxy.stop();
      await master.stop();
    },
  };
}

/** Three masters; each says of itself that it is where its proxy is. */
async function startClusterDoor(): Promise<RedisDoor> {
  const cluster = await startCluster(3, 0);
  const proxies = await Promise.all(cluster.nodes.map(({ port }) => startFaultProxy(port)));
  for (const [index, { cli }] of cluster.nodes.entries())
    await cli('CONFIG', 'SET', 'cluster-announce-port', String(proxies[index]?.port));
  for (const { cli } of cluster.nodes) await until(async () => knowsAll(await cli('CLUSTER', 'NODES'), proxies));
  return {
    ...alone,
    way: async (key) => {
      for (const proxy of proxies) proxy.clear();
      const { url: straightUrl, cli } = await ownerOf(cluster.nodes, key);
      return {
        url: `redis+cluster://${proxies.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
        straightUrl,
        cli,
        inject: (rule) => proxies.forEach((proxy) => proxy.inject(rule)),
      };
    },
    stop: async () => {
      for (const proxy of proxies) await proxy.stop();
      await cluster.stop();
    },
  };
}

function knowsAll(nodes: string, proxies: readonly FaultProxy[]): boolean {
  return proxies.every(({ port }) => nodes.includes(`127.0.0.1:${port}@`));
}

async function ownerOf(nodes: readonly RunningRedis[], key: string): Promise<RunningRedis> {
  for (const node of nodes) if (!(await node.cli('EXISTS', key)).startsWith('MOVED')) return node;
  throw new Error(`no node has the slot ${keySlot(key)}`);
}

const installed = (program: string): string | null => (isInstalled(program) ? null : `${program} is not installed`);

/** Every form of Redis that a store must be right on. */
export const redisDoors: readonly DoorKind[] = [
  { name: 'redis-server, by EVAL', whyNot: null, start: () => startReal('redis-server') },
  { name: 'valkey-server, by EVAL', whyNot: installed('valkey-server'), start: () => startReal('valkey-server') },
  {
    name: 'redis-server, by WATCH and MULTI where EVAL is denied',
    usesTransaction: true,
    whyNot: null,
    start: startWithoutEval,
  },
  { name: 'Sentinel', whyNot: installed('redis-sentinel'), start: startSentinelDoor },
  { name: 'Cluster', whyNot: null, start: startClusterDoor },
  { name: 'embedded, by EVAL', whyNot: null, start: () => startInProcess(startEmbedded()) },
  {
    name: 'embedded, by WATCH and MULTI where EVAL is unknown',
    usesTransaction: true,
    whyNot: null,
    start: () => startInProcess(startEmbeddedWithoutScripts()),
  },
];
