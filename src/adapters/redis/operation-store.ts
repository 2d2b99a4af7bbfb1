import type { RedisTls } from '../../domain/config/redis-tls.js';
import { RlctlError } from '../../domain/errors.js';
import { operationsKey, overridesKey } from '../../domain/redis-keys.js';
import { revealSecret, type Secret } from '../../domain/secret.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore, StoredOperation } from '../../ports/operation-store.js';
import { loadTlsFiles } from '../tls/tls-files.js';
import { RedisConnection } from './connection.js';
import { ReplyFailure } from './failure.js';
import { leaseOperation, leasePrefix, readOperation, releaseOperation, writeOperation } from './operation-scripts.js';
import { Patience, type PatiencePorts } from './patience.js';
import { patiently } from './patiently.js';
import { timeMs, valueOf } from './read-state.js';
import { parseRedisUrl } from './redis-url.js';

export interface OperationStoreSettings {
  /** As of the override store. */
  readonly url: Secret;
  readonly namespace: string;
  readonly tls?: RedisTls;
}

/** What a script answers: a word, and the state as it then is. */
interface Answer {
  readonly word: string;
  readonly state: StoredOperation;
}

const unfenced = '0';
/** The server must have taken a change this long before we give up, so that a late one does nothing. */
const fenceMarginMs = 200;

/** The state of operations in Redis. Nothing is connected or loaded before the first use. */
export function createOperationStore(settings: OperationStoreSettings, ports: PatiencePorts): OperationStore {
  const target = parseRedisUrl(revealSecret(settings.url));
  const key = operationsKey(overridesKey(settings.namespace));
  const connection = new RedisConnection(target, () => loadTlsFiles(settings.tls ?? {}));

  /** Each script may run twice: a change that already stands is not made again. */
  const run = (
    script: string,
    words: readonly [name: string, ...args: string[]],
    deadline: Deadline,
    changes = true,
  ): Promise<Answer> =>
    patiently(new Patience(connection, deadline, ports), async (link, budget) => {
      const [name, ...args] = words;
      let fence = unfenced;
      if (changes) {
        const [time] = await link.run([['TIME']], budget);
        fence = String(Math.floor(timeMs(valueOf(time)) + Math.max(0, deadline.leftMs() - fenceMarginMs)));
      }
      const [reply] = await link.run([['EVAL', script, '1', key, name, fence, ...args]], budget, { changes, key });
      const value = valueOf(reply);
      const [word, text, lease, now] = (Array.isArray(value) ? value : []) as readonly (Buffer | null)[];
      if (String(word) === 'expired') throw notMade(name);
      if (word === undefined) throw new ReplyFailure('ERR script: no answer', 'EVAL', key, link.server);
      return { word: String(word), state: stateOf(text ?? null, lease ?? null, Number(String(now))) };
    });

  return {
    read: async (name, deadline) => (await run(readOperation, [name], deadline, false)).state,
    names: (prefix, deadline) =>
      patiently(new Patience(connection, deadline, ports), async (link, budget) => {
        const [reply] = await link.run([['HKEYS', key]], budget);
        const fields = (valueOf(reply) as readonly Buffer[]).map(String);
        return fields.filter((field) => field.startsWith(prefix) && !field.startsWith(leasePrefix)).toSorted();
      }),
    write: async (name, { expected, next, token }, deadline) => {
      const texts = [expected === null ? '0' : '1', expected ?? '', next === null ? '0' : '1', next ?? ''];
      const { word, state } = await run(writeOperation, [name, token ?? '', ...texts], deadline);
      if (word === 'ok') return { kind: 'written' };
      return { kind: word === 'lost' ? 'lost' : 'conflict', current: state };
    },
    lease: async (name, { holder, token, ttlMs, isForced }, deadline) => {
      const args = [token, holder, String(ttlMs), isForced ? '1' : '0'];
      const { word, state } = await run(leaseOperation, [name, ...args], deadline);
      const lease = state.lease ?? { holder, token, untilMs: state.serverTimeMs };
      return word === 'taken' ? { kind: 'taken', by: lease } : { kind: 'held', lease };
    },
    release: async (name, token, deadline) => {
      await run(releaseOperation, [name, token], deadline);
    },
    close: () => connection.close(),
  };
}

function stateOf(text: Buffer | null, leaseText: Buffer | null, serverTimeMs: number): StoredOperation {
  const lease = leaseText === null ? null : leaseOf(leaseText.toString('utf8'));
  const isOver = lease !== null && lease.untilMs <= serverTimeMs;
  return {
    text: text === null ? null : text.toString('utf8'),
    lease: isOver ? null : lease,
    lapsed: isOver ? lease : null,
    serverTimeMs,
  };
}

function leaseOf(text: string): OperationLease | null {
  const match = /^(\d+) (\S+) (.*)$/s.exec(text);
  return match === null ? null : { untilMs: Number(match[1]), token: match[2] ?? '', holder: match[3] ?? '' };
}

function notMade(name: string): RlctlError {
  return new RlctlError('unreachable', `the deadline passed; the state of "${name}" was not changed`, {
    code: 'DEADLINE',
    hint: 'Run the command again, with a longer --timeout if Redis is slow.',
    details: { applied: false },
  });
}
