import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { RlctlError } from '../domain/errors.js';

/** By URL, a program that was started, or a part of this process that stands in for it. */
export type RedisKind = 'given' | 'redis-server' | 'embedded';

/** A Redis that the sandbox may use. */
export interface ObtainedRedis {
  readonly url: string;
  readonly kind: RedisKind;
  /** `null`: not a process of its own. */
  readonly pid: number | null;
  stop(): Promise<void>;
}

/**
 * The one place that decides where Redis comes from: the URL given, else a redis-server of the sandbox's own, else, where
 * that program is not on PATH, an embedded one.
 */
export async function obtainRedis(options: { url: string | null; folder: string }): Promise<ObtainedRedis> {
  if (options.url !== null) return { url: options.url, kind: 'given', pid: null, stop: () => Promise.resolve() };
  return (await startRedisServer(options.folder)) ?? obtainEmbedded();
}

async function obtainEmbedded(): Promise<ObtainedRedis> {
  const { startEmbeddedRedis } = await import('./embedded-redis.js');
  return { ...(await startEmbeddedRedis()), kind: 'embedded', pid: null };
}

const attempts = 5;

/** `null`: redis-server is not on PATH. */
async function startRedisServer(folder: string): Promise<ObtainedRedis | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryRedisServer(folder);
    } catch (error) {
      // Another process may have taken the port between looking and binding.
      if (attempt === attempts) throw error;
    }
  }
}

async function tryRedisServer(parent: string): Promise<ObtainedRedis | null> {
  const port = await freePort();
  const folder = await mkdtemp(join(parent, 'redis-'));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const child = spawn('redis-server', redisArguments(port, folder), {
    stdio: ['ignore', 'pipe', 'ignore'],
    // In a process group of its own, so that Ctrl-C reaches the sandbox first and it can end in order.
    detached: true,
  });
  const hasEnded = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const watchdog = startWatchdog(child, folder);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.pid !== undefined) await Promise.all([hasEnded, watchdog]);
    await removeFolder();
  };
  try {
    if (!(await isReady(child))) {
      await stop();
      return null;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}/0`, kind: 'redis-server', pid: child.pid ?? null, stop };
}

function redisArguments(port: number, folder: string): readonly string[] {
  const network = ['--port', String(port), '--bind', '127.0.0.1', '--protected-mode', 'yes'];
  return [...network, '--save', '', '--appendonly', 'no', '--dir', folder, '--daemonize', 'no'];
}

/** Resolves to true when it accepts connections, to false where there is no such program. */
async function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      // Goes on reading for as long as it runs: a full pipe would stop Redis.
      if (tail.length < 100) tail.push(chunk.toString());
      if (tail.join('').includes('eady to accept connections')) resolve(true);
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(false) : reject(notStarted(error.message)),
    );
    child.once('exit', (code) => reject(notStarted(`it ended with ${code}: ${tail.join('').trim().slice(-300)}`)));
  });
}

function notStarted(why: string): RlctlError {
  return new RlctlError('unreachable', `redis-server did not start: ${why}`, {
    code: 'REDIS_SERVER_FAILED',
    hint: 'Start one yourself and name it: --redis redis://127.0.0.1:6379/0',
  });
}

/**
 * A shell that waits on a pipe from this process. A line means that Redis has ended; the end of the pipe without one
 * means that this process died without ending Redis, and the shell does it. Resolves when the shell has gone.
 */
async function startWatchdog(redis: ChildProcess, folder: string): Promise<void> {
  if (redis.pid === undefined) return;
  const script = 'read -r line || { kill -9 "$1"; rmdir "$2"; }';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', String(redis.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.stdin.on('error', () => {
    // The shell may be gone already; then there is nobody to tell.
  });
  const dismiss = (): void => {
    shell.stdin.end('ended\n');
  };
  redis.once('exit', dismiss);
  await new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
    shell.once('error', () => resolve());
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw notStarted('no TCP port is free');
  return address.port;
}
