import { Redis } from 'ioredis';
import { historyKey, overridesKey } from '../../src/domain/redis-keys.js';
import { startCli, type CliRun } from '../support/cli.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { openWorld, type World } from '../support/world.js';
import { assertHeld, readEntries, type Entry } from './oracle.js';
import type { UnitOutcome } from './trial.js';

/** Somebody else's entries, written in a way that no writer of ours would choose. */
export const kept =
  '"/keep/one" : {"rate":"12" , "x":[1, 2.50]},\n\t"/keep/\\u0074wo":{}, "/keep/three":{"rate":9007199254740993}';
export const firstDocument = `{ ${kept} }`;

/** A server of its own, and a person's folders for processes of the built tool. */
export interface StoreGround {
  readonly redis: RunningRedis;
  readonly client: Redis;
  readonly world: World;
  /** The variables of a process that works on this namespace; `url`: by another way than straight. */
  env(namespace: string, url?: string): Readonly<Record<string, string>>;
  /** Starts the built tool, with --json where the words name no other output. */
  rlctl(namespace: string, args: readonly string[], url?: string): CliRun;
  /** The document that each namespace begins with. */
  readonly first: string;
  /** Stores it. */
  begin(namespace: string): Promise<void>;
  document(this: void, namespace: string): Promise<Buffer | null>;
  history(namespace: string): Promise<readonly Entry[]>;
  /** What the oracle says of a namespace. */
  held(namespace: string, hasForeign?: boolean): Promise<UnitOutcome>;
  stop(this: void): Promise<void>;
}

export async function openStoreGround(options: Parameters<typeof startRedis>[0] = {}): Promise<StoreGround> {
  const redis = await startRedis(options);
  const world = await openWorld();
  const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  const env = (namespace: string, url = redis.url): Readonly<Record<string, string>> => ({
    ...world.env,
    RLCTL_REDIS_URL: url,
    RLCTL_NAMESPACE: namespace,
  });
  const running = new Set<CliRun>();
  return {
    redis,
    client,
    world,
    env,
    rlctl: (namespace, args, url) => {
      const run = startCli(args.includes('-o') ? args : [...args, '--json'], {
        env: env(namespace, url),
        cwd: world.cwd,
      });
      running.add(run);
      void run.ended.finally(() => running.delete(run));
      return run;
    },
    first: firstDocument,
    begin: async (namespace) => void (await client.set(overridesKey(namespace), firstDocument)),
    document: (namespace) => client.getBuffer(overridesKey(namespace)),
    history: (namespace) => readEntries(client, historyKey(overridesKey(namespace))),
    held: (namespace, hasForeign = false) =>
      assertHeld({ redis: client, key: overridesKey(namespace), first: Buffer.from(firstDocument), hasForeign }),
    stop: async () => {
      for (const { child } of running) child.kill('SIGKILL');
      client.disconnect();
      await redis.stop();
      await world.remove();
    },
  };
}

/** A change of one route that is not followed by a reload; on a machine that many share, with time to wait for a turn. */
export function setting(route: string, rate: number, ...more: readonly string[]): readonly string[] {
  return ['override', 'set', route, '--rate', String(rate), '--no-reload', '--timeout', '60s', ...more];
}

/** What the entries of a document hold, by route, in its order. */
export function ratesOf(document: Buffer | null): ReadonlyMap<string, unknown> {
  const entries = JSON.parse(String(document ?? '{}')) as Readonly<Record<string, { readonly rate?: unknown }>>;
  return new Map(Object.entries(entries).map(([route, { rate }]) => [route, rate]));
}

/** The number of a thing in two digits. */
export const two = (index: number): string => String(index).padStart(2, '0');
