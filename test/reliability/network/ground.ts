import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.js';
import { startCli } from '../../support/cli.js';
import { startFaultProxy, type FaultRule } from '../../support/fault-proxy.js';
import { startPrometheus, type RunningPrometheus } from '../../support/prometheus.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';
import { until } from '../../support/until.js';
import { openWorld, type JsonObject, type Ran, type World } from '../../support/world.js';
import { readEntries, type Entry } from '../oracle.js';
import { mark, type NetworkStep, type Part } from './steps.js';

/** What is stored before each trial: in a form that no writer of ours would choose. */
export const first = '{ "/keep" : {"rate":"12" , "x":[1, 2.50]} }';
/** The route that every change is about. */
export const route = '/net';

/** One trial: a command, with a fault before one of the three parts. */
export interface NetworkTrial {
  readonly step: NetworkStep;
  readonly rules: readonly FaultRule[];
  readonly rate: number;
  readonly timeoutMs: number;
  /** The built tool in a process of its own; else the whole program in this one. */
  readonly isProcess: boolean;
}

/** How it went. */
export interface NetworkEnd {
  readonly ran: Omit<Ran, 'code'> & { readonly code: number | null };
  readonly tookMs: number;
  /** How late this process was at the worst, and how long the tool's own was kept from running: no fault of the tool's. */
  readonly lagMs: number;
  /** The machine kept it from running for so long that its end says nothing of the tool: what it said must still be true. */
  readonly isBusy: boolean;
  readonly struck: number;
  /** What is stored, once everything late has been delivered. */
  readonly document: Buffer | null;
  readonly entries: readonly Entry[];
  /** Runs a printed command past the fault. */
  readonly tell: (words: readonly string[]) => Promise<Ran>;
}

/** A control plane of its own, used by one trial at a time. */
interface Slot {
  readonly sandbox: Sandbox;
  readonly key: string;
  readonly namespace: string;
}

export interface NetworkGround {
  /** Any number at once: each waits until there is room. */
  run(this: void, trial: NetworkTrial): Promise<NetworkEnd>;
  stop(this: void): Promise<void>;
}

/** A tenth of its time, and a command under trial is judged no more by when and how it ended. */
const mostBusy = 10;

/** The namespace that Prometheus watches. */
const watched = 'net0';

/** Servers that `size` trials at once have to themselves or share. */
export async function openNetwork(size: number): Promise<NetworkGround> {
  const stops: (() => Promise<unknown>)[] = [];
  const started = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    stops.unshift(() => one.stop());
    return one;
  };
  const redis = await started(startRedis());
  await redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
  const primary = await started(startRedis());
  const replica = await started(startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] }));
  await until(async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'));
  const world = await openWorld();
  stops.push(() => world.remove());
  const slots: Slot[] = [];
  for (let index = 0; index < size; index += 1) {
    const namespace = `net${index}`;
    const folder = join(world.root, namespace);
    const sandbox = await started(
      startSandbox({
        dialect: 'documented',
        workers: 1,
        trafficPerSecond: index === 0 ? 5 : 0,
        redisUrl: redis.url,
        port: 0,
        namespace,
        folder,
        behaviour: { redisTimeoutMs: 5000 },
      }),
    );
    slots.push({ sandbox, namespace, key: `${namespace}:rl:overrides` });
  }
  const lazy: { prometheus?: Promise<RunningPrometheus> } = {};
  const prometheus = (): Promise<RunningPrometheus> => (lazy.prometheus ??= started(openPrometheus(slots[0] as Slot)));
  const parts = { redis, primary, world, prometheus };
  const free = [...slots];
  const waiting: ((slot: Slot) => void)[] = [];
  return {
    run: async (trial) => {
      const slot = free.pop() ?? (await new Promise<Slot>((resolve) => waiting.push(resolve)));
      try {
        return await runOn(parts, slot, trial);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(slot);
        else next(slot);
      }
    },
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}

/** A Prometheus that has seen enough of the first control plane to answer. */
async function openPrometheus({ sandbox, namespace }: Slot): Promise<RunningPrometheus> {
  const prometheus = await startPrometheus({ jobs: [{ name: 'api', url: `${sandbox.origin}/metrics` }] });
  await until(
    async () => (await prometheus.query(`count_over_time(${namespace}_rl_decisions_total[1m]) > 3`)).length > 0,
  );
  return prometheus;
}

interface Parts {
  readonly redis: RunningRedis;
  readonly primary: RunningRedis;
  readonly world: World;
  readonly prometheus: () => Promise<RunningPrometheus>;
}

async function runOn(parts: Parts, slot: Slot, trial: NetworkTrial): Promise<NetworkEnd> {
  const { step, timeoutMs } = trial;
  const { world } = parts;
  const server = step.redis === 'replicated' ? parts.primary : parts.redis;
  const client = new Redis(server.port, '127.0.0.1');
  const history = `{${slot.key}}:history`;
  await client.del(slot.key, history, `{${slot.key}}:meta`);
  await client.set(slot.key, first);
  const ports = await portsOf(parts, slot, server, step.part);
  const proxy = await startFaultProxy(ports[step.part]);
  const environment = environmentOf(slot, trial, { ...ports, [step.part]: proxy.port });
  const config = await world.config(`${slot.namespace}.yaml`, { environments: { net: environment } });
  try {
    if (step.from === undefined) trial.rules.forEach((rule) => proxy.inject(rule));
    else void proxy.strike(step.from).then(() => trial.rules.forEach((rule) => proxy.inject(rule)));
    const args = ['--config', config, ...wordsOf(trial), '--json', '--timeout', `${timeoutMs / 1000}s`];
    const lag = watchLag();
    const startMs = performance.now();
    const running = trial.isProcess ? startCli(args, { env: world.env, cwd: world.cwd }) : null;
    const starved = watchStarvation(running?.child.pid ?? process.pid);
    const ran = await (running?.ended ?? world.main(args));
    const tookMs = performance.now() - startMs;
    const starvedMs = starved();
    // What runs in this process waits for all else that runs in it, too.
    const lagMs = lag() + (trial.isProcess ? starvedMs : 0);
    await until(() => !proxy.isBusy, 'what is delivered late');
    const [document, entries] = [await client.getBuffer(slot.key), await readEntries(client, history)];
    return {
      ran,
      tookMs,
      lagMs,
      isBusy: Math.max(starvedMs, lagMs) > timeoutMs / mostBusy,
      struck: proxy.struck,
      document,
      entries,
      tell: (words) => world.main(['--config', config, ...words], { env: { RLCTL_REDIS_URL: server.url } }),
    };
  } finally {
    client.disconnect();
    await proxy.stop();
  }
}

/** Where the three parts are. */
async function portsOf(
  parts: Parts,
  { sandbox }: Slot,
  server: RunningRedis,
  part: Part,
): Promise<Record<Part, number>> {
  const prometheus = part === 'prometheus' ? new URL((await parts.prometheus()).url).port : 0;
  return { redis: server.port, api: Number(new URL(sandbox.origin).port), prometheus: Number(prometheus) };
}

function environmentOf({ sandbox, namespace }: Slot, { step }: NetworkTrial, ports: Record<Part, number>): JsonObject {
  const login = step.redis === 'noEval' ? 'noeval:pw@' : '';
  const http = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    namespace: step.part === 'prometheus' ? watched : namespace,
    redis: `redis://${login}127.0.0.1:${ports.redis}/0`,
    api: http(ports.api),
    secret: { file: sandbox.secretFile },
    workers: 1,
    ...(step.part === 'prometheus' ? { prometheus: http(ports.prometheus) } : {}),
  };
}

/** Linux tells it in nanoseconds, as long as the process lives; elsewhere it is not known, and 0. */
function watchStarvation(pid: number): () => number {
  const seen = { fromMs: 0, ms: 0 };
  const look = (): void => {
    try {
      const [, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
      seen.ms = Number(waited) / 1e6;
    } catch {
      // It has ended, or there is no such file.
    }
  };
  if (pid === process.pid) look();
  seen.fromMs = seen.ms;
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return seen.ms - seen.fromMs;
  };
}

function wordsOf({ step, rate }: NetworkTrial): readonly string[] {
  if (step.command === 'reload') return ['reload'];
  if (step.command === 'show') return ['decisions', 'show', '--since', '1m'];
  const reason = ['--reason', mark];
  const set = ['override', 'set', route, '--rate', String(rate), ...reason];
  return step.part === 'redis' ? [...set, '--no-reload'] : set;
}

/** Watches how late timers are; the worst, when it is asked. */
function watchLag(): () => number {
  const everyMs = 10;
  const seen = { lastMs: performance.now(), worstMs: 0 };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    seen.worstMs = Math.max(seen.worstMs, nowMs - seen.lastMs - everyMs);
    seen.lastMs = nowMs;
  }, everyMs);
  return () => {
    clearInterval(timer);
    return seen.worstMs;
  };
}
