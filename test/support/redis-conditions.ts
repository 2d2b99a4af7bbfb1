import { mkdir } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { historyKey, metadataKey, overridesKey } from '../../src/domain/redis-keys.js';
import type { StoreGround } from '../reliability/store-ground.js';
import { createAuthority, type CertificateWish } from './certificates.js';
import { freePort, startRedis } from './redis-server.js';
import { until } from './until.js';
import type { JsonObject } from './world.js';

export const conditionNamespace = 'condition';
const key = overridesKey(conditionNamespace);

/** What a condition changes of what the tool is told. */
interface Brought {
  /** The address; absent: that of the server itself. */
  readonly redis?: string;
  readonly redisTls?: JsonObject;
  /** Undoes it as far as looking at the document needs. */
  readonly end?: () => Promise<unknown>;
}

/** A state that a server is brought into; and what the tool must make of it. */
export interface Condition {
  readonly name: string;
  /** Of the server, beside the usual. */
  readonly args?: readonly string[];
  /** False: the server takes no document, as it is. */
  readonly hasDocument?: boolean;
  /** It is a node of a cluster. */
  readonly isClustered?: boolean;
  /** It may pass: the tool waits for that, to its deadline. */
  readonly isAwaited?: boolean;
  bring(this: void, ground: StoreGround): Promise<Brought>;
  readonly exit: number;
  readonly code: string;
}

const refused = (name: string, code: string, bring: Condition['bring']): Condition => ({ name, code, exit: 4, bring });
const unreachable = (name: string, code: string, bring: Condition['bring']): Condition => ({
  name,
  code,
  exit: 7,
  bring,
});
const guarded = (name: string, code: string, bring: Condition['bring']): Condition => ({ name, code, exit: 6, bring });

/** A command of the server's own client, and nothing else. */
const by =
  (...words: readonly string[]): Condition['bring'] =>
  async ({ redis }) => {
    await redis.cli(...words);
    return {};
  };

/** What listens in place of Redis. */
async function listening(server: Server): Promise<Brought> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    redis: `redis://127.0.0.1:${port}`,
    end: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The commands of an operator, as the README grants them. */
const commands = [
  'type',
  'strlen',
  'getrange',
  'pttl',
  'xrevrange',
  'xrange',
  'time',
  'info',
  'get',
  'set',
  'xadd',
  'xdel',
];
const keys = [key, historyKey(key), metadataKey(key)];
const needed = ['type', 'strlen', 'getrange', 'pttl', 'xrevrange', 'time', 'get', 'set', 'xadd'];

/** A user who lacks one command, or one key. */
const lacking =
  (missing: string): Condition['bring'] =>
  async ({ redis }) => {
    const may = [...commands, 'eval', 'wait'].filter((name) => name !== missing).map((name) => `+${name}`);
    const on = keys.filter((name) => name !== missing).map((name) => `~${name}`);
    await redis.cli('ACL', 'SETUSER', 'few', 'on', '>pw', 'resetchannels', '-@all', ...on, ...may);
    return { redis: redis.url.replace('//', '//few:pw@') };
  };

/** A second server with the same document that is spoken to in TLS. */
const inTls =
  (wish: CertificateWish, isTrusted: boolean, ...args: readonly string[]): Condition['bring'] =>
  async ({ world }) => {
    const authority = createAuthority();
    const { cert, key: secret } = authority.issue(wish);
    const paths = { cert: await world.write('server.pem', cert), key: await world.write('server-key.pem', secret) };
    const port = await freePort();
    const files = ['--tls-cert-file', paths.cert, '--tls-key-file', paths.key, '--tls-ca-cert-file', authority.file];
    const server = await startRedis({
      args: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files, ...args],
    });
    return {
      redis: `rediss://127.0.0.1:${port}`,
      redisTls: { ...(isTrusted && { ca: authority.file }), serverName: 'redis.test' },
      end: async () => {
        await server.stop();
        authority.remove();
      },
    };
  };
const good: CertificateWish = { name: 'redis.test', toDays: 100 };

const storing = (text: string): Condition['bring'] => by('SET', key, text);

/** Everything that a Redis, or what stands in its place, was seen to do; the first ones are the short form of the trial. */
export const redisConditions: readonly Condition[] = [
  unreachable('down', 'REDIS_UNREACHABLE', async () => ({ redis: `redis://127.0.0.1:${await freePort()}` })),
  unreachable('silence', 'REDIS_SILENT', async ({ redis }) => {
    process.kill(redis.pid, 'SIGSTOP');
    return { end: async () => process.kill(redis.pid, 'SIGCONT') };
  }),
  refused('a wrong password', 'REDIS_WRONGPASS', async ({ redis }) => {
    await redis.cli('ACL', 'SETUSER', 'ops', 'on', '>right', '~*', '+@all');
    return { redis: redis.url.replace('//', '//ops:wrong@') };
  }),
  refused('no right to SET', 'REDIS_NOPERM', lacking('set')),
  refused('a read-only replica', 'REDIS_READONLY', async ({ redis }) => {
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
    return {};
  }),
  refused('out of memory', 'REDIS_OOM', by('CONFIG', 'SET', 'maxmemory', '1')),
  guarded('a list in place of the document', 'KEY_WRONG_TYPE', async ({ redis }) => {
    await redis.cli('DEL', key);
    await redis.cli('RPUSH', key, 'x');
    return {};
  }),
  guarded('an empty string', 'DOCUMENT_CORRUPT', storing('')),
  guarded('a key twice', 'DOCUMENT_DUPLICATE_KEYS', storing('{"/a":{},"/a":{}}')),
  unreachable('a name that does not resolve', 'REDIS_HOST_UNKNOWN', async () => ({
    redis: 'redis://redis.invalid:6379',
  })),
  unreachable('a reset', 'REDIS_CONNECTION_LOST', () =>
    listening(createServer((socket) => socket.on('data', () => socket.resetAndDestroy()))),
  ),
  unreachable('it hangs up', 'REDIS_CONNECTION_LOST', () => listening(createServer((socket) => socket.end()))),
  unreachable('half a reply', 'REDIS_SILENT', () =>
    listening(createServer((socket) => socket.once('data', () => socket.write('+OK\r\n+stri')))),
  ),
  refused('an HTTP server', 'REDIS_NOT_REDIS', () =>
    listening(createHttpServer((_, response) => response.end('hello'))),
  ),
  unreachable('TLS where the port is plain', 'REDIS_TLS', async ({ redis }) => ({
    redis: `rediss://127.0.0.1:${redis.port}`,
  })),
  unreachable('plain where the port wants TLS', 'REDIS_CONNECTION_LOST', async (ground) => {
    const { redis = '', end } = await inTls(good, true)(ground);
    return { redis: redis.replace('rediss:', 'redis:'), ...(end && { end }) };
  }),
  unreachable('a certificate of an unknown authority', 'REDIS_TLS', inTls(good, false)),
  unreachable('a certificate that has expired', 'REDIS_TLS', inTls({ ...good, toDays: -1 }, true)),
  unreachable('a certificate of another name', 'REDIS_TLS', inTls({ ...good, name: 'other.test' }, true)),
  unreachable('a certificate of ours is wanted', 'REDIS_TLS', inTls(good, true, '--tls-auth-clients', 'yes')),
  refused('a password is missing', 'REDIS_NOAUTH', by('CONFIG', 'SET', 'requirepass', 'right')),
  ...needed
    .filter((name) => name !== 'set')
    .map((name) => refused(`no right to ${name.toUpperCase()}`, 'REDIS_NOPERM', lacking(name))),
  refused('no right to the key of the document', 'REDIS_NOPERM', lacking(key)),
  refused('no right to the key of the history', 'REDIS_NOPERM', lacking(historyKey(key))),
  refused('no right to the key of the metadata', 'REDIS_NOPERM', lacking(metadataKey(key))),
  refused('neither EVAL nor WATCH is permitted', 'REDIS_NOPERM', lacking('eval')),
  refused('no such database', 'REDIS_DATABASE', async ({ redis }) => ({ redis: redis.url.replace('/0', '/99') })),
  {
    name: 'the cluster sends us to a node that is gone (MOVED)',
    isClustered: true,
    hasDocument: false,
    exit: 7,
    code: 'REDIS_UNREACHABLE',
    bring: async ({ redis }) => {
      const bus = await freePort();
      const gone = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(bus)] });
      await redis.cli('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
      await redis.cli('CLUSTER', 'MEET', '127.0.0.1', String(gone.port), String(bus));
      await gone.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until(async () => (await redis.cli('GET', key).catch(String)).includes('MOVED'), 'MOVED');
      await gone.stop();
      return {};
    },
  },
  {
    name: 'a cluster without slots (CLUSTERDOWN)',
    isAwaited: true,
    isClustered: true,
    hasDocument: false,
    exit: 7,
    code: 'REDIS_CLUSTERDOWN',
    bring: async () => ({}),
  },
  {
    name: 'a replica that has lost its master (MASTERDOWN)',
    isAwaited: true,
    exit: 7,
    code: 'REDIS_MASTERDOWN',
    bring: async ({ redis }) => {
      await redis.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
      await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
      return { end: () => redis.cli('REPLICAOF', 'NO', 'ONE') };
    },
  },
  {
    name: 'loading',
    isAwaited: true,
    args: ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'],
    exit: 7,
    code: 'REDIS_LOADING',
    bring: async ({ redis }) => {
      await redis.cli('DEBUG', 'POPULATE', '60000');
      await redis.cli('CONFIG', 'SET', 'key-load-delay', '1000');
      const reload = redis.cli('DEBUG', 'RELOAD').catch(String);
      await until(async () => (await redis.cli('GET', 'x')).includes('LOADING'), 'LOADING');
      return {
        end: async () => {
          await redis.cli('CONFIG', 'SET', 'key-load-delay', '0');
          await reload;
        },
      };
    },
  },
  {
    name: 'busy with a script',
    isAwaited: true,
    args: ['--busy-reply-threshold', '20'],
    exit: 7,
    code: 'REDIS_BUSY',
    bring: async ({ redis }) => {
      const looping = redis.cli('EVAL', 'while true do end', '0').catch(String);
      await until(async () => (await redis.cli('GET', 'x')).includes('BUSY'), 'BUSY');
      return {
        end: async () => {
          await redis.cli('SCRIPT', 'KILL');
          await looping;
        },
      };
    },
  },
  {
    name: 'no disk to save to (MISCONF)',
    args: ['--dbfilename', 'blocked', '--save', '3600', '1000'],
    exit: 4,
    code: 'REDIS_MISCONF',
    bring: async ({ redis }) => {
      await mkdir(join(redis.folder, 'blocked'));
      await redis.cli('BGSAVE');
      const failed = async (): Promise<boolean> =>
        (await redis.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err');
      await until(failed, 'a save that fails');
      return {};
    },
  },
  refused('too few replicas', 'REDIS_NOREPLICAS', by('CONFIG', 'SET', 'min-replicas-to-write', '1')),
  {
    name: 'no connection left',
    isAwaited: true,
    // The one is that of the trial itself.
    args: ['--maxclients', '1'],
    exit: 7,
    code: 'REDIS_MAX_CLIENTS',
    bring: async () => ({}),
  },
  guarded('a string in place of the history', 'REDIS_WRONG_TYPE', by('SET', historyKey(key), 'x')),
  guarded('a set in place of the metadata', 'REDIS_WRONG_TYPE', by('SADD', metadataKey(key), 'x')),
  guarded('a history entry of somebody else’s', 'HISTORY_CORRUPT', by('XADD', historyKey(key), '*', 'hello', 'world')),
  guarded('broken JSON', 'DOCUMENT_CORRUPT', storing('{"/a":{"rate":1}')),
  guarded('a list of JSON', 'DOCUMENT_CORRUPT', storing('[]')),
  guarded('a byte-order mark', 'DOCUMENT_CORRUPT', storing('\ufeff{}')),
  guarded('nested too deep', 'DOCUMENT_CORRUPT', storing(`{"/a":${'['.repeat(70)}${']'.repeat(70)}}`)),
  guarded('larger than 16 MiB', 'DOCUMENT_TOO_LARGE', by('SETRANGE', key, String(16 * 1024 * 1024), 'x')),
];
