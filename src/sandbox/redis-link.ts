import type { Redis } from 'ioredis';
import { RlctlError, usageError } from '../domain/errors.js';
import { gcraDigest, gcraScript, verdictOf, type CellVerdict } from './gcra-script.js';

/** One worker's connection to Redis. Every call ends within the time-out: it answers or throws, it never waits for a reconnection. */
export interface RedisLink {
  /** Waits for the first connection; throws an RlctlError of kind `unreachable`. */
  connect(): Promise<void>;
  /** Decides one request on a cell. */
  decide(cell: string, intervalMs: number, burst: number): Promise<CellVerdict>;
  /** The bytes of a string key; `null`: the key is absent. Throws on another type. */
  bytes(key: string): Promise<Buffer | null>;
  ping(): Promise<void>;
  close(): void;
}

/** Opens links; the client library is loaded once, by `loadRedisLinks`. */
export type OpenRedisLink = (url: string) => RedisLink;

/** Loads the client library and returns how links are opened. */
export async function loadRedisLinks(timeoutMs: number): Promise<OpenRedisLink> {
  const { Redis } = await import('./redis-library.js');
  return (url) => linkOf(openClient(Redis, url, timeoutMs), url);
}

function openClient(Client: typeof Redis, url: string, timeoutMs: number): Redis {
  const options = {
    lazyConnect: true,
    connectTimeout: Math.max(timeoutMs, 1000),
    commandTimeout: timeoutMs,
    // Without a queue a command fails at once while Redis is away, and the limiter can fail open.
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disconnectTimeout: 1,
    disableClientInfo: true,
    retryStrategy: (attempt: number) => Math.min(20 * attempt, 200),
  };
  const client = url.startsWith('unix:')
    ? new Client(url.replace(/^unix:(\/\/)?/, ''), options)
    : new Client(url, options);
  client.on('error', () => {
    // Each command reports its own failure; the event only needs a listener.
  });
  return client;
}

function linkOf(client: Redis, url: string): RedisLink {
  return {
    connect: () => connect(client, url),
    decide: async (cell, intervalMs, burst) => verdictOf(await evaluate(client, cell, intervalMs, burst)),
    bytes: (key) => client.getBuffer(key),
    ping: async () => {
      await client.ping();
    },
    close: () => client.disconnect(),
  };
}

async function connect(client: Redis, url: string): Promise<void> {
  try {
    await client.connect();
    await client.ping();
  } catch {
    // The library's own error carries the password in its arguments: nothing of it goes on.
    client.disconnect();
    throw new RlctlError('unreachable', `The sandbox cannot use Redis at ${withoutPassword(url)}.`, {
      code: 'REDIS_UNREACHABLE',
      hint: 'Check that it runs and that its URL carries the right password: redis-cli -u URL ping',
    });
  }
}

async function evaluate(client: Redis, cell: string, intervalMs: number, burst: number): Promise<unknown> {
  try {
    return await client.evalsha(gcraDigest, 1, cell, intervalMs, burst);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(gcraScript, 1, cell, intervalMs, burst);
  }
}

/** Refuses what the client library would misread in silence. */
export function checkRedisUrl(url: string): void {
  if (url.startsWith('unix:/')) return;
  if (URL.canParse(url) && ['redis:', 'rediss:'].includes(new URL(url).protocol)) return;
  throw usageError(
    `${withoutPassword(url)} is not the address of a Redis.`,
    'Write it as redis://HOST:PORT/DB, rediss://… or unix:/PATH.',
    'REDIS_URL_INVALID',
  );
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
