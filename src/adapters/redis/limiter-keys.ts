import type { RedisTls } from '../../domain/config/redis-tls.js';
import { revealSecret, type Secret } from '../../domain/secret.js';
import type { LimiterKeys } from '../../ports/limiter-keys.js';
import { loadTlsFiles } from '../tls/tls-files.js';
import { RedisConnection } from './connection.js';
import type { CommandWords, Reply } from './link-types.js';
import { Patience, type PatiencePorts } from './patience.js';
import { patiently } from './patiently.js';
import { valueOf } from './read-state.js';
import { parseRedisUrl } from './redis-url.js';

// The type comes first: GET on another type is an error, and a key of another type is none of ours.
const removeScript = `
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return 'absent' end
if kind ~= 'string' or redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'changed' end
redis.call('DEL', KEYS[1])
return 'removed'
`;

/** Single keys of the limiter's in Redis. Nothing is connected or loaded before the first use. */
export function createLimiterKeys(url: Secret, ports: PatiencePorts, tls: RedisTls = {}): LimiterKeys {
  const connection = new RedisConnection(parseRedisUrl(revealSecret(url)), () => loadTlsFiles(tls));
  return {
    read: (key, deadline) =>
      patiently(new Patience(connection, deadline, ports), async (link, budget) => {
        const ask = async (commands: readonly CommandWords[]): Promise<readonly Reply[]> =>
          link.run(commands, budget, { key });
        const [kind, ttl] = await ask([
          ['TYPE', key],
          ['PTTL', key],
        ]);
        const type = String(valueOf(kind));
        const left = Number(valueOf(ttl));
        const ttlMs = left >= 0 ? left : null;
        if (type !== 'string') return { type, value: null, ttlMs };
        const value = valueOf((await ask([['GET', key]]))[0]);
        return value instanceof Uint8Array ? { type, value, ttlMs } : { type: 'none', value: null, ttlMs: null };
      }),
    removeIf: (key, value, deadline) =>
      patiently(new Patience(connection, deadline, ports), async (link, budget) => {
        const words: CommandWords = ['EVAL', removeScript, '1', key, Buffer.from(value)];
        const [reply] = await link.run([words], budget, { changes: true, key });
        const answer = String(valueOf(reply));
        return answer === 'removed' || answer === 'absent' ? answer : 'changed';
      }),
    close: () => connection.close(),
  };
}
