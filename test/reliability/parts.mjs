// What trials share: a real redis-server, real processes of the built tool, and choices that a seed makes again.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ioredis from 'ioredis';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'bin', 'rlctl.js');

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lists by the key that each has; in the order met. */
export function grouped(list, keyOf) {
  const groups = new Map();
  for (const each of list) {
    const known = groups.get(keyOf(each));
    if (known === undefined) groups.set(keyOf(each), [each]);
    else known.push(each);
  }
  return groups;
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A program that was started: `ended` resolves to its code and what it wrote. */
function start(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text.out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (text.err += chunk));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  return { child, ended };
}

/** A redis-server of its own, a folder of its own, and the tool with nothing else to go by; `stop` leaves nothing. */
export async function openGround(namespace) {
  const running = new Set();
  const started = (...args) => {
    const one = start(...args);
    running.add(one.child);
    one.child.once('close', () => running.delete(one.child));
    return one;
  };
  const folder = mkdtempSync(join(tmpdir(), 'rlctl-reliability-'));
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    cwd: folder,
    stdio: 'ignore',
  });
  const gone = new Promise((resolve) => server.once('close', resolve));
  const redis = new ioredis.Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await redis.ping();
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    RLCTL_REDIS_URL: `redis://127.0.0.1:${port}/0`,
    RLCTL_NAMESPACE: namespace,
  };
  return {
    redis,
    port,
    key: `${namespace}:rl:overrides`,
    rlctl: (...args) => started(process.execPath, [launcher, ...args], { env, cwd: folder }),
    shell: (script, ...args) => started('sh', ['-c', script, 'sh', ...args], { env, cwd: folder }),
    stop: async () => {
      for (const child of running) child.kill('SIGKILL');
      redis.disconnect();
      server.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How much longer than asked a crowd goes on where the machine was too slow for the least load. */
const patience = 10;

/**
 * Runs `step(index)` again and again for each index, all at once, until the time is up and it is enough; says twice a
 * second how it goes. Resolves to the most steps that were under way at one moment.
 */
export async function crowd({ size, seconds, isEnough }, step, progress) {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const isOver = () => {
    const nowMs = performance.now();
    return nowMs >= endMs && (isEnough() || nowMs >= startMs + patience * seconds * 1000);
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
