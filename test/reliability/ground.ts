// What trials share: a real redis-server, real processes of the built tool, and how many of them are at work at once.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startCli, type CliEnd, type CliRun } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';

/** A redis-server of its own, a folder of its own, and the tool with nothing else to go by; `stop` leaves nothing. */
export interface TrialGround {
  readonly redis: Redis;
  readonly port: number;
  readonly key: string;
  rlctl(this: void, ...args: readonly string[]): CliRun;
  /** A shell's line, with `$1` and so on; what it has written to stdout, and its code. */
  shell(this: void, script: string, ...args: readonly string[]): Promise<Pick<CliEnd, 'code' | 'out'>>;
  stop(this: void): Promise<void>;
}

export async function openGround(namespace: string): Promise<TrialGround> {
  const running = new Set<ChildProcess>();
  const known = <Child extends ChildProcess>(child: Child): Child => {
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-reliability-'));
  const server = await startRedis();
  const redis = new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const env = {
    HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    RLCTL_REDIS_URL: server.url,
    RLCTL_NAMESPACE: namespace,
  };
  return {
    redis,
    port: server.port,
    key: `${namespace}:rl:overrides`,
    rlctl: (...args) => {
      const run = startCli(args, { env, cwd: folder });
      known(run.child);
      return run;
    },
    shell: (script, ...args) => {
      const child = known(
        spawn('sh', ['-c', script, 'sh', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }),
      );
      const text = { out: '' };
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.out += chunk));
      return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, ...text }));
      });
    },
    stop: async () => {
      for (const child of running) child.kill('SIGKILL');
      redis.disconnect();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How much longer than asked a crowd goes on where the machine was too slow for the least load. */
const patienceMs = 30_000;

export interface Crowd {
  readonly size: number;
  readonly seconds: number;
  isEnough(this: void): boolean;
}

/**
 * Runs `step(index)` again and again for each index, all at once, until the time is up and it is enough; says twice a second
 * how it goes. Resolves to the most steps that were under way at one moment.
 */
export async function crowd(
  { size, seconds, isEnough }: Crowd,
  step: (index: number) => Promise<void>,
  progress: (secondsLeft: number) => void,
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  const isOver = (): boolean => {
    const nowMs = performance.now();
    return nowMs >= endMs && (isEnough() || nowMs >= endMs + patienceMs);
  };
  const counts = { now: 0, most: 0 };
  const ticker = setInterval(() => progress(Math.max(0, Math.ceil((endMs - performance.now()) / 1000))), 500);
  try {
    await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        while (!isOver()) {
          counts.now += 1;
          counts.most = Math.max(counts.most, counts.now);
          await step(index);
          counts.now -= 1;
        }
      }),
    );
  } finally {
    clearInterval(ticker);
  }
  return counts.most;
}

/** The number of a thing in two digits. */
export const two = (index: number): string => String(index).padStart(2, '0');
