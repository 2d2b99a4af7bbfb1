import { settingSentence } from '../../domain/config/setting-cure.js';
import { keyLayoutOf } from '../../domain/dialect/key-layout.js';
import type { Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import { formatDuration } from '../../domain/duration.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { overridesKey } from '../../domain/redis-keys.js';
import type { KeyFacts, RedisFacts } from '../../ports/redis-inspector.js';
import { NotChecked, well, type Answer, type Facts } from './facts.js';
import { expiresText } from '../../domain/override/document-gone.js';
import { redisCli } from '../../domain/redis-cli.js';

/** SET with KEEPTTL came with 6.0, and every write needs it. */
const oldest = 6;

/** Whether the server answers this user. */
export async function checkReachable(facts: Facts): Promise<Answer> {
  const { redis, namespace, name } = facts.environment;
  if (redis === null || namespace === null) {
    const what = redis === null ? 'no Redis address' : 'no namespace';
    const message = `the environment "${name}" has ${what}: overrides can neither be read nor changed`;
    const cure = `Set environments.${name}.${redis === null ? 'redis' : 'namespace'} in rlctl.yaml, or ${redis === null ? 'RLCTL_REDIS_URL' : 'RLCTL_NAMESPACE'}`;
    return { evidence: what, found: [{ code: 'NO_REDIS', part: 'redis', message, evidence: what, cure }] };
  }
  const { server, user, database } = await facts.redis().catch((error: unknown) => toldByTls(facts, error));
  return well(`${server}, database ${database}, user ${user}`);
}

/** A certificate is told better by the check of certificates. */
async function toldByTls(facts: Facts, error: unknown): Promise<never> {
  const isTls = error instanceof RlctlError && error.code === 'REDIS_TLS' && facts.isSelected('network.tls');
  if (isTls && (await facts.ports.redis(facts.environment)).tlsAddresses.length > 0)
    throw new NotChecked('see network.tls');
  throw error;
}

/** One finding, or none. */
type Judged = Omit<Found, 'part' | 'evidence'> | null;

/** A check of what one look at the server told. `null` evidence: the server does not say, or this user may not ask. */
function judging(
  evidenceOf: (seen: RedisFacts) => string | null,
  judge: (seen: RedisFacts, facts: Facts) => Judged,
): (facts: Facts) => Promise<Answer> {
  return async (facts) => {
    const seen = await facts.restsOn(facts.redis(), 'redis.reachable');
    const evidence = evidenceOf(seen);
    if (evidence === null) throw new NotChecked('not permitted to check, or not said by this server');
    const found = judge(seen, facts);
    return { evidence, found: found === null ? [] : [{ part: seen.server, evidence, ...found }] };
  };
}

/** Whether it knows what a write sends. */
export const checkVersion = judging(
  ({ version }) => version && `Redis ${quoteOutside(version, 20)}`,
  ({ version, server }) =>
    Number.parseInt(version ?? '', 10) >= oldest
      ? null
      : {
          code: 'REDIS_TOO_OLD',
          message: `Redis at ${server} is version ${quoteOutside(version ?? '', 20)}; a change needs SET … KEEPTTL, which came with ${oldest}.0`,
          cure: `Upgrade it to Redis ${oldest}.0 or later; reading works with this one.`,
        },
);

/** Whether it takes writes. */
export const checkRole = judging(
  ({ role, primary, isLoading, hasSaveFailed }) =>
    role &&
    [
      role === 'replica' ? `replica of ${primary}` : role,
      isLoading ? 'loading' : '',
      hasSaveFailed ? 'last save failed' : '',
    ]
      .filter(Boolean)
      .join(', '),
  (seen) => {
    const { role, primary, isLoading, hasSaveFailed, server } = seen;
    if (role === 'replica') {
      return {
        code: 'REDIS_REPLICA',
        message: `${server} is a replica, where nothing can be written`,
        cure: `Set redis: to its primary (${quoteOutside(primary ?? 'see INFO replication', 80)}), or to redis+sentinel: which finds it.`,
      };
    }
    if (isLoading) {
      const message = `${server} is still reading its data from disk`;
      return { code: 'REDIS_LOADING', message, cure: 'Wait until it has, then run: rlctl doctor --only redis' };
    }
    if (!hasSaveFailed) return null;
    return {
      code: 'REDIS_CANNOT_PERSIST',
      message: `${server} could not save its data the last time, and then refuses every write`,
      cure: `Look at its log, and at the free space and the owner of its folder: ${redisCli(seen, 'CONFIG', 'GET', 'dir')}`,
    };
  },
);

/** Whether a restart loses the overrides. */
export const checkPersistence = judging(
  ({ hasAppendOnlyFile: aof, hasSnapshots: rdb }) =>
    aof === null
      ? null
      : `append-only file ${aof ? 'on' : 'off'}, snapshots ${rdb === null ? 'not known' : rdb ? 'on' : 'off'}`,
  (seen, { environment }) => {
    const { hasAppendOnlyFile, hasSnapshots, server } = seen;
    // What is not known is not claimed, and a sandbox is thrown away as a whole.
    if (hasAppendOnlyFile !== false || hasSnapshots !== false || (isSandbox(environment) && seen.isLocal)) return null;
    return {
      code: 'REDIS_NOT_PERSISTENT',
      message: `${server} keeps nothing on disk: after its restart every override and the history are gone`,
      cure: setting(seen, 'appendonly', 'yes'),
    };
  },
);

/** The environment that a running sandbox registers, also where a variable names another database of its Redis. */
function isSandbox({ sources }: Facts['environment']): boolean {
  return [...sources.values()].includes('rlctl sandbox');
}

/** Whether memory pressure may take the document. */
export const checkEviction = judging(
  ({ evictionPolicy, maxMemoryBytes }) =>
    evictionPolicy && `maxmemory ${maxMemoryBytes ?? 'not known'}, policy ${quoteOutside(evictionPolicy, 30)}`,
  (seen) => {
    const { evictionPolicy, maxMemoryBytes, server, keys } = seen;
    const policy = evictionPolicy ?? '';
    const cure = `${setting(seen, 'maxmemory-policy', 'noeviction')}; or give the limiter a Redis of its own`;
    if (policy.startsWith('allkeys')) {
      const isLimited = maxMemoryBytes !== 0;
      return {
        code: isLimited ? 'REDIS_EVICTS' : 'REDIS_WOULD_EVICT',
        message: isLimited
          ? `${server} may throw the override document away when memory is short (${policy})`
          : `${server} would throw the override document away once maxmemory is set (${policy})`,
        cure,
      };
    }
    const hasTtl = keys.some(({ what, ttlMs }) => what === 'document' && ttlMs !== null);
    if (!policy.startsWith('volatile') || !hasTtl || maxMemoryBytes === 0) return null;
    return {
      code: 'REDIS_EVICTS_EXPIRING',
      message: `${server} may throw the override document away before its time, because it has a TTL (${policy})`,
      cure,
    };
  },
);

/** Whether the document vanishes by itself. */
export const checkTtl = judging(
  ({ keys }) => {
    const document = keys.find(({ what }) => what === 'document');
    if (document?.type == null) return null;
    return document.ttlMs === null
      ? `${document.key} has no TTL`
      : `${document.key} expires in ${formatDuration(document.ttlMs)}`;
  },
  (seen) => {
    const document = seen.keys.find(({ what }) => what === 'document');
    const message = expiresText(document?.ttlMs ?? null);
    if (document === undefined || message === null) return null;
    return { code: 'DOCUMENT_EXPIRES', message, cure: redisCli(seen, 'PERSIST', document.key) };
  },
);

/** Sets it now, and keeps it over the next restart. */
function setting(seen: RedisFacts, name: string, value: string): string {
  const now = redisCli(seen, 'CONFIG', 'SET', name, value);
  return seen.hasConfigFile === false
    ? `${now}; and start it with --${name} ${value} from now on, since it has no configuration file to keep that in`
    : `${now} && ${redisCli(seen, 'CONFIG', 'REWRITE')}`;
}

const typeOf: Readonly<Record<KeyFacts['what'], string>> = {
  document: 'string',
  history: 'stream',
  metadata: 'string',
};

/** Document, history and metadata: each of its type, or absent. */
export async function checkTypes(facts: Facts): Promise<Answer> {
  const seen = await facts.restsOn(facts.redis(), 'redis.reachable');
  const { keys } = seen;
  const known = keys.filter(({ type }) => type !== null);
  if (known.length === 0) throw new NotChecked('not permitted to check');
  const found = known
    .filter(({ type, what }) => type !== 'none' && type !== typeOf[what])
    .map(({ key, type, what }): Found => ({
      code: 'REDIS_WRONG_TYPE',
      part: key,
      message: `the key of the ${what} is a ${type}, not a ${typeOf[what]}${what === 'document' ? ': a reload would drop every override' : ''}`,
      evidence: `TYPE ${key}: ${type}`,
      cure: what === 'document' ? documentCure(seen, key) : moveAway(seen, key),
    }));
  const types = known.map(({ what, type }) => `${what} ${type}`).join(', ');
  return { evidence: `${types}; ${spellingText(facts.environment.namespace ?? '', seen)}`, found };
}

/** Which other keys of the limiter there are: cells, locks, idempotency keys. */
function spellingText(namespace: string, { neighbours }: RedisFacts): string {
  if (neighbours === null) return 'not permitted to look for other keys';
  const spelling = keyLayoutOf(namespace, neighbours);
  return spelling === null ? 'no cell, lock or idempotency key seen' : `other keys: ${spelling}`;
}

function moveAway(seen: RedisFacts, key: string): string {
  return `See what is in it, then move it away: ${redisCli(seen, 'RENAME', key, `${key}:old`)}`;
}

/** What the history holds is restored; moved away, the document would be gone, and dropped by the next reload. */
function documentCure(seen: RedisFacts, key: string): string {
  const hasHistory = seen.keys.some(({ what, type }) => what === 'history' && type === 'stream');
  if (hasHistory)
    return 'Restore the last good document; what stands there now is kept in the history: rlctl override repair';
  return `${moveAway(seen, key)}; then store the overrides anew, before any reload: rlctl override set ROUTE --rate N`;
}

/** True where the check of the namespace finds another one: then whatever is missing here is its finding. */
export async function isElsewhere(facts: Facts): Promise<boolean> {
  if (!facts.isSelected('redis.namespace')) return false;
  const { redis, namespace } = facts.environment;
  if (redis === null || namespace === null) return false;
  try {
    return (await checkNamespace(facts)).found.length > 0;
  } catch (error) {
    if (error instanceof NotChecked || error instanceof RlctlError) return false;
    throw error;
  }
}

/** The name under which the address was given. */
function redisSetting({ sources }: Facts['environment']): string {
  const source = sources.get('redis') ?? 'default';
  return /^[A-Z][A-Z0-9_]*$/.test(source) ? source : 'redis:';
}

/** No document of ours, and one of somebody else's: that is what a wrong namespace or database looks like. */
export async function checkNamespace(facts: Facts): Promise<Answer> {
  const { keys, documents, database, databases, server } = await facts.restsOn(facts.redis(), 'redis.reachable');
  const own = overridesKey(facts.environment.namespace ?? '');
  if (keys.some(({ type }) => type !== null && type !== 'none')) return well(`${own} is in use`);
  const evidence = `nothing is stored under ${own} in database ${database}`;
  const others = (documents ?? []).filter((key) => key !== own);
  if (others.length > 0) {
    const names = others.slice(0, 3).map((key) => quoteOutside(key.replace(/:rl:overrides$/, ''), 60));
    const message = `${evidence}, but there are overrides of the namespace ${names.join(', ')}`;
    const cure = `${settingSentence(facts.environment, 'namespace', names[0] ?? '')} if that is the limiter's RATE_LIMIT_NAMESPACE`;
    return { evidence, found: [{ code: 'OTHER_NAMESPACE', part: server, message, evidence, cure }] };
  }
  const inUse = [...(databases ?? [])].filter(([number, count]) => number !== database && count > 0);
  if ((databases?.get(database) ?? 0) > 0 || inUse.length === 0 || databases === null) return well(evidence);
  const names = inUse.map(([number, count]) => `${number} (${count} keys)`).join(', ');
  return {
    evidence,
    found: [
      {
        code: 'OTHER_DATABASE',
        part: server,
        message: `database ${database} is empty, but there are keys in database ${names}`,
        evidence: `INFO keyspace: ${names}`,
        cure: `End ${redisSetting(facts.environment)} with the number of the limiter's database (RATE_LIMIT_REDIS_URL), such as redis://host:6379/${inUse[0]?.[0] ?? 0}`,
      },
    ],
  };
}
