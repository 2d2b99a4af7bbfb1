import type { RedisTls } from '../../domain/config/redis-tls.js';
import { RlctlError } from '../../domain/errors.js';
import { serialiseHeartbeat } from '../../domain/override/heartbeat.js';
import { defaultHistoryLimits, type HistoryLimits } from '../../domain/override/history.js';
import { placedError } from '../../domain/redis-cli.js';
import { expiryKey, historyKey, metadataKey, overridesKey } from '../../domain/redis-keys.js';
import { revealSecret, type Secret } from '../../domain/secret.js';
import type { Deadline } from '../../ports/deadline.js';
import type { HistoryQuery, OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import { loadTlsFiles } from '../tls/tls-files.js';
import type { ServerSighting } from './attempt.js';
import { budgetOf, type Budget } from './budget.js';
import { RedisConnection } from './connection.js';
import { decodeEntry, rawEntries, type RawEntry } from './entry-codec.js';
import type { RedisLink } from './link.js';
import { Patience, type PatiencePorts } from './patience.js';
import { patiently } from './patiently.js';
import { readState, valueOf } from './read-state.js';
import { parseRedisUrl } from './redis-url.js';
import { ChangeWriter } from './write-change.js';

const defaultMaxBytes = 16 * 1024 * 1024;

export interface RedisSettings {
  /** redis:, rediss:, unix:, redis+sentinel: or redis+cluster:, with the password in it. */
  readonly url: Secret;
  readonly namespace: string;
  /** The largest document that is read or written, bytes; 16 MiB where absent. */
  readonly maxBytes?: number;
  /** What each write cuts the history to; 10,000 entries of any age where absent. */
  readonly limits?: HistoryLimits;
  readonly tls?: RedisTls;
}

/**
 * The override document in Redis. Nothing is connected or loaded before the first use; a URL that is none throws a usage
 * error here.
 */
export function createOverrideStore(settings: RedisSettings, ports: PatiencePorts): OverrideStore {
  const target = parseRedisUrl(revealSecret(settings.url));
  const document = overridesKey(settings.namespace);
  const keys = {
    document,
    history: historyKey(document),
    metadata: metadataKey(document),
    expiry: expiryKey(document),
  };
  const maxBytes = settings.maxBytes ?? defaultMaxBytes;
  const limits = settings.limits ?? defaultHistoryLimits;
  const connection = new RedisConnection(target, () => loadTlsFiles(settings.tls ?? {}));
  const clockStart = {
    serverTimeMs: ports.clock.nowMs(),
    atMs: ports.clock.monotonicMs(),
    replicas: null,
    watchedReplicas: null,
    role: null,
    runId: null,
    heartbeat: 'unknown' as const,
  };
  const memory: { seen: ServerSighting } = { seen: clockStart };
  const startedMs = new Map<string, number>();

  const remember = (state: StoredOverrides): void => {
    const { serverTimeMs, replicas, watchedReplicas, role, runId, heartbeat } = state;
    memory.seen = { serverTimeMs, replicas, watchedReplicas, role, runId, heartbeat, atMs: ports.clock.monotonicMs() };
  };

  const attempt = <T>(deadline: Deadline, work: (link: RedisLink, budget: Budget) => Promise<T>): Promise<T> =>
    patiently(new Patience(connection, deadline, ports), work);

  const newest = <T>(
    { limit, before }: HistoryQuery,
    deadline: Deadline,
    made: (entries: readonly RawEntry[]) => readonly T[],
  ): Promise<readonly T[]> =>
    attempt(deadline, async (link, budget) => {
      const from = before === undefined ? '+' : `(${before}`;
      const [reply] = await link.run([['XREVRANGE', keys.history, from, '-', 'COUNT', String(limit)]], budget);
      return made(rawEntries(valueOf(reply)));
    });

  return {
    read: async (deadline, reader) => {
      for (;;) {
        const state = await attempt(deadline, (link, budget) => readState(link, keys, maxBytes, budget, reader));
        if (state === null) continue;
        remember(state);
        return state;
      }
    },
    write: async (write, deadline) => {
      if (write.next.length === 0) throw new Error('an empty document is {}, never an empty string');
      if (write.next.length > maxBytes) throw documentWouldGrow(write.next.length, maxBytes);
      const patience = new Patience(connection, deadline, ports);
      const { seen } = memory;
      const started = startedMs.get(write.changeId) ?? seen.serverTimeMs;
      startedMs.set(write.changeId, started);
      const outcome = await new ChangeWriter(patience, write, {
        keys,
        maxBytes,
        seen,
        limits,
        startedMs: started,
      })
        .run()
        .catch((error: unknown) => {
          throw placedError(error, connection.place);
        });
      if (outcome.kind === 'conflict') remember(outcome.current);
      return outcome;
    },
    history: (query, deadline) =>
      newest(query, deadline, (entries) => entries.map((entry) => decodeEntry(entry, keys.history))),
    newestRecords: (query, deadline) => newest(query, deadline, (entries) => entries),
    records: ({ limit, after }, deadline) =>
      attempt(deadline, async (link, budget) => {
        const from = after === undefined ? '-' : `(${after}`;
        const [reply] = await link.run([['XRANGE', keys.history, from, '+', 'COUNT', String(limit)]], budget);
        return rawEntries(valueOf(reply));
      }),
    beat: (heartbeat, deadline) =>
      attempt(deadline, async (link, budget) => {
        const [reply] = await link.run([['SET', keys.expiry, serialiseHeartbeat(heartbeat)]], budget);
        valueOf(reply);
      }),
    open: (deadline) => connection.warmUp(budgetOf(deadline)),
    close: () => connection.close(),
  };
}

function documentWouldGrow(bytes: number, maxBytes: number): Error {
  return new RlctlError(
    'guard',
    `the changed document would have ${bytes} bytes, more than the ${maxBytes} that are allowed`,
    {
      code: 'DOCUMENT_TOO_LARGE',
      hint: 'Remove overrides that are no longer needed, or raise the limit in the configuration.',
    },
  );
}
