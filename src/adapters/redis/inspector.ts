import type { RedisTls } from '../../domain/config/redis-tls.js';
import { expiryKey, historyKey, metadataKey, overridesKey } from '../../domain/redis-keys.js';
import { isLoopbackHost } from '../../domain/api-endpoint.js';
import { revealSecret, type Secret } from '../../domain/secret.js';
import type { Deadline } from '../../ports/deadline.js';
import type { KeyFacts, RedisFacts, RedisInspector, RightFacts } from '../../ports/redis-inspector.js';
import { loadTlsFiles } from '../tls/tls-files.js';
import type { DocumentKeys } from './attempt.js';
import { budgetOf, type Budget } from './budget.js';
import { RedisConnection } from './connection.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import { infoOf, type Info } from './info.js';
import { serverName, type RedisLink } from './link.js';
import type { CommandWords, Reply } from './link-types.js';
import { neighboursIn } from './neighbours.js';
import { explainFailure } from './redis-failure.js';
import { parseRedisUrl } from './redis-url.js';
import { askRights } from './rights.js';

const mostRedirects = 5;
/** Enough to see a neighbour; a large keyspace is not walked through. */
const scanRounds = 20;
const scanCount = '1000';

/** Looks at the Redis of one namespace. Nothing is connected or loaded before the first look. */
export function createRedisInspector(settings: {
  readonly url: Secret;
  readonly namespace: string;
  readonly tls?: RedisTls;
}): RedisInspector {
  const target = parseRedisUrl(revealSecret(settings.url));
  const document = overridesKey(settings.namespace);
  const keys: DocumentKeys = {
    document,
    history: historyKey(document),
    metadata: metadataKey(document),
    expiry: expiryKey(document),
  };
  const connection = new RedisConnection(target, () => loadTlsFiles(settings.tls ?? {}));
  const look = async (deadline: Deadline, redirects: number): Promise<RedisFacts> => {
    const budget = budgetOf(deadline);
    try {
      const link = await connection.take(budget);
      try {
        return await factsOf(link, { ...keys, namespace: settings.namespace }, budget, connection);
      } finally {
        connection.discard(link);
      }
    } catch (thrown) {
      if (!(thrown instanceof LinkFailure) && !(thrown instanceof ReplyFailure)) throw thrown;
      const mayFollow = thrown instanceof ReplyFailure && thrown.word === 'MOVED' && redirects < mostRedirects;
      if (mayFollow && connection.follow(thrown)) return look(deadline, redirects + 1);
      throw explainFailure(thrown, target.username ?? 'default');
    }
  };
  return {
    tlsAddresses: target.isTls ? target.endpoints.map((endpoint) => `rediss://${serverName(endpoint)}`) : [],
    inspect: (deadline) => look(deadline, 0),
    close: () => connection.close(),
  };
}

async function factsOf(
  link: RedisLink,
  keys: DocumentKeys & { readonly namespace: string },
  budget: Budget,
  { target }: RedisConnection,
): Promise<RedisFacts> {
  const { document, history, metadata } = keys;
  const reads: CommandWords[] = [
    ['TYPE', document],
    ['TYPE', history],
    ['TYPE', metadata],
    ['PTTL', document],
    ['STRLEN', document],
    ['GETRANGE', document, '0', '0'],
    ['XREVRANGE', history, '+', '-', 'COUNT', '1'],
    ['GETRANGE', metadata, '0', '0'],
    ['TIME'],
  ];
  const answers = await link.run([...reads, ['INFO'], ['CONFIG', 'GET', 'save']], budget);
  const replies = answers.slice(0, reads.length);
  const [first] = replies;
  // What this user may not ask, or the server cannot say yet, is an answer; everything else ends the look.
  if (first?.kind === 'error' && !['NOPERM', 'LOADING'].includes(first.failure.word)) throw first.failure;
  const info = infoOf(textOf(answers[reads.length]));
  const configFile = info.get('config_file');
  const [documentType, historyType, metadataType, ttl] = replies;
  const user = target.username ?? 'default';
  const facts = (what: KeyFacts['what'], type: Reply | undefined): KeyFacts => ({
    key: keys[what],
    what,
    type: textOf(type),
    ttlMs: what === 'document' ? ttlOf(ttl) : null,
  });
  const asked = await askRights(link, keys, user, budget);
  return {
    server: link.server,
    isTls: target.isTls,
    isLocal: target.endpoints.every((each) => !('host' in each) || isLoopbackHost(each.host)),
    hasPassword: target.password !== null,
    version: info.get('redis_version') ?? null,
    ...roleOf(info),
    ...persistenceOf(info, answers[reads.length + 1]),
    evictionPolicy: info.get('maxmemory_policy') ?? null,
    maxMemoryBytes: numberOf(info.get('maxmemory')),
    hasConfigFile: configFile === undefined ? null : configFile !== '',
    user,
    keys: [facts('document', documentType), facts('history', historyType), facts('metadata', metadataType)],
    rights: asked?.rights ?? null,
    rightsSource: asked?.source ?? null,
    refusedReads: replies.flatMap((reply, index) => refusedRead(reply, reads[index])),
    documents: await documentsIn(link, budget),
    neighbours: await neighboursIn(link, keys.namespace, budget),
    database: target.database,
    databases: info.size === 0 ? null : databasesOf(info),
  };
}

function roleOf(info: Info): Pick<RedisFacts, 'role' | 'primary' | 'isLoading'> {
  const role = info.get('role');
  const primary = info.get('master_host');
  return {
    role: role === 'master' ? 'primary' : role === 'slave' ? 'replica' : null,
    primary: primary === undefined ? null : `${primary}:${info.get('master_port') ?? ''}`,
    isLoading: info.get('loading') === '1',
  };
}

function persistenceOf(
  info: Info,
  save: Reply | undefined,
): Pick<RedisFacts, 'hasAppendOnlyFile' | 'hasSnapshots' | 'hasSaveFailed'> {
  const appendOnly = info.get('aof_enabled');
  const pair =
    save?.kind === 'value' && Array.isArray(save.value) ? (save.value as readonly unknown[]).map(String) : [];
  return {
    hasAppendOnlyFile: appendOnly === undefined ? null : appendOnly === '1',
    hasSnapshots: pair.length < 2 ? null : pair[1] !== '',
    hasSaveFailed: [info.get('rdb_last_bgsave_status'), info.get('aof_last_write_status')].includes('err'),
  };
}

function refusedRead(reply: Reply, command: CommandWords | undefined): readonly RightFacts[] {
  if (reply.kind !== 'error' || reply.failure.word !== 'NOPERM') return [];
  const isAboutKey =
    /keys?\b/i.test(reply.failure.reply.replace(/^NOPERM/, '')) && !/command/i.test(reply.failure.reply);
  const key = command?.[1];
  return [{ command: command?.[0] ?? '', key: isAboutKey && typeof key === 'string' ? key : null, isAllowed: false }];
}

/** `null`: SCAN is not allowed, or is answered in another way. */
async function documentsIn(link: RedisLink, budget: Budget): Promise<readonly string[] | null> {
  const found = new Set<string>();
  let cursor = '0';
  for (let round = 0; round < scanRounds; round += 1) {
    const [reply] = await link.run([['SCAN', cursor, 'MATCH', '*:rl:overrides', 'COUNT', scanCount]], budget);
    if (reply?.kind !== 'value' || !Array.isArray(reply.value)) return null;
    const [next, page] = reply.value as unknown as readonly [Buffer, readonly Buffer[]];
    for (const key of page) found.add(String(key));
    cursor = String(next);
    if (cursor === '0') break;
  }
  return [...found].sort();
}

function databasesOf(info: Info): ReadonlyMap<number, number> {
  const found = [...info].flatMap(([name, value]) => {
    const [database, count] = [/^db(\d+)$/.exec(name)?.[1], /^keys=(\d+)/.exec(value)?.[1]];
    return database === undefined || count === undefined ? [] : [[Number(database), Number(count)] as const];
  });
  return new Map(found);
}

function textOf(reply: Reply | undefined): string | null {
  return reply?.kind === 'value' && reply.value !== null ? String(reply.value) : null;
}

function ttlOf(reply: Reply | undefined): number | null {
  return reply?.kind === 'value' && typeof reply.value === 'number' && reply.value >= 0 ? reply.value : null;
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
