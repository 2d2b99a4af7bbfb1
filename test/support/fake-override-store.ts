import { createHash } from 'node:crypto';
import { RlctlError } from '../../src/domain/errors.js';
import type { HistoryRecord } from '../../src/domain/audit/record.js';
import { defaultHistoryLimits, type HistoryEntry, type HistoryLimits } from '../../src/domain/override/history.js';
import { overridesKey } from '../../src/domain/redis-keys.js';
import { revisionOf } from '../../src/domain/revision.js';
import type { OverrideStore, OverrideWrite, StoredOverrides, WriteOutcome } from '../../src/ports/override-store.js';

/** The override document of a Redis that exists in memory only, with what a test may do to it from outside. */
export interface FakeOverrides {
  readonly state: {
    bytes: Uint8Array | null;
    /** Anything but `string` and `none` is a key of the wrong type. */
    type: string;
    metadata: string | null;
    ttlMs: number | null;
    replicas: number | null;
    acknowledged: number;
    entries: HistoryEntry[];
    heartbeat: StoredOverrides['heartbeat'];
    /** Milliseconds by which this server's clock is ahead. */
    clockAheadMs: number;
  };
  /** How many writes changed the document. */
  readonly writes: readonly OverrideWrite[];
  /** What the next calls do in place of their work: an error is thrown; `loseAnswer`: the write happens and nobody hears. */
  readonly faults: { read: Error | null; write: Error | 'loseAnswer' | WriteOutcome | null; history: Error | null };
  /** Another client of the same server; `limits`: what it cuts the history to. */
  store(limits?: HistoryLimits): OverrideStore;
  /** Writes past rlctl, as `redis-cli SET` does; `null` deletes. */
  foreignSet(text: string | null): void;
}

const snapshotEvery = 200;

/** An override store without a server; it passes the same contract as the real one. */
export function createFakeOverrides(
  options: { namespace?: string; document?: string; nowMs?: () => number } = {},
): FakeOverrides {
  const nowMs = options.nowMs ?? (() => Date.now());
  const text = options.document;
  const fake: FakeOverrides = {
    state: {
      bytes: text === undefined ? null : Buffer.from(text),
      type: text === undefined ? 'none' : 'string',
      metadata: null,
      ttlMs: null,
      replicas: 0,
      acknowledged: 0,
      entries: [],
      heartbeat: null,
      clockAheadMs: 0,
    },
    writes: [],
    faults: { read: null, write: null, history: null },
    store: (limits = defaultHistoryLimits) => storeOf(fake, overridesKey(options.namespace ?? 'test'), nowMs, limits),
    foreignSet: (document) => {
      fake.state.bytes = document === null ? null : Buffer.from(document);
      fake.state.type = document === null ? 'none' : 'string';
    },
  };
  return fake;
}

function storeOf(fake: FakeOverrides, key: string, nowMs: () => number, limits: HistoryLimits): OverrideStore {
  const { state, faults } = fake;
  const current = (): StoredOverrides => ({
    key,
    bytes: state.bytes,
    type: state.type,
    revision: revisionOf(state.bytes),
    ttlMs: state.ttlMs,
    metadata: state.metadata,
    lastEntry: state.entries.at(-1) ?? null,
    serverTimeMs: nowMs() + state.clockAheadMs,
    replicas: state.replicas,
    watchedReplicas: null,
    role: 'primary',
    runId: 'fake',
    heartbeat: state.heartbeat,
  });
  return {
    read: async () => {
      throwOnce(faults, 'read');
      return current();
    },
    write: async (write) => {
      const fault = faults.write;
      if (fault instanceof Error) throwOnce(faults, 'write');
      faults.write = null;
      if (fault !== null && fault !== 'loseAnswer' && !(fault instanceof Error)) return fault;
      const outcome = apply(fake, key, write, current, limits);
      return fault === 'loseAnswer' ? { kind: 'unknown', cause: 'the connection was lost' } : outcome;
    },
    history: async ({ limit, before }) => {
      throwOnce(faults, 'history');
      const newestFirst = state.entries.toReversed();
      const from = before === undefined ? 0 : newestFirst.findIndex((entry) => isOlder(entry.entryId, before));
      return from < 0 ? [] : newestFirst.slice(from, from + limit);
    },
    records: async ({ limit, after }) => {
      throwOnce(faults, 'history');
      const from = after === undefined ? 0 : state.entries.findIndex(({ entryId }) => isOlder(after, entryId));
      return from < 0 ? [] : state.entries.slice(from, from + limit).map((entry) => recordOf(entry, state.entries));
    },
    newestRecords: async ({ limit, before }) => {
      throwOnce(faults, 'history');
      const newestFirst = state.entries.toReversed();
      const from = before === undefined ? 0 : newestFirst.findIndex((entry) => isOlder(entry.entryId, before));
      return from < 0 ? [] : newestFirst.slice(from, from + limit).map((entry) => recordOf(entry, state.entries));
    },
    beat: async (next) => {
      if (state.heartbeat === 'unknown')
        throw new RlctlError('refused', 'this user may not write the key', { code: 'REDIS_NOPERM' });
      state.heartbeat = next(state.heartbeat);
    },
    open: () => undefined,
    close: () => undefined,
  };
}

/** The entry as a stream would hold it. */
function recordOf(entry: HistoryEntry, all: readonly HistoryEntry[]): HistoryRecord {
  const { entryId, kind, changeId, sequence, prev, next, chain, body, document, snapshotOf } = entry;
  const before = all.slice(0, all.indexOf(entry) + 1);
  const since = before.length - 1 - before.findLastIndex((each) => each.kind === 'snapshot');
  const texts = { kind, id: changeId, seq: String(sequence), prev, next, chain, since: String(since) };
  const more = { ...(body && { body: JSON.stringify(body) }), ...(snapshotOf && { why: snapshotOf }) };
  const fields = Object.entries({ ...texts, ...more }).map(([name, text]) => [name, Buffer.from(text)] as const);
  return {
    entryId,
    fields: new Map<string, Uint8Array>([...fields, ...(document ? [['doc', document] as const] : [])]),
  };
}

function throwOnce(faults: FakeOverrides['faults'], operation: 'read' | 'write' | 'history'): void {
  const fault = faults[operation];
  if (!(fault instanceof Error)) return;
  faults[operation] = null;
  throw fault;
}

/** The script's steps, in its order. */
function apply(
  fake: FakeOverrides,
  key: string,
  write: OverrideWrite,
  current: () => StoredOverrides,
  limits: HistoryLimits,
): WriteOutcome {
  const { state } = fake;
  const known = state.entries.find((entry) => entry.kind === 'change' && entry.changeId === write.changeId);
  if (known) return written(fake, write, known.entryId, { wasDuplicate: true });
  if (current().serverTimeMs > write.fenceMs) return { kind: 'expired' };
  const isWrong = state.type !== 'string' && state.type !== 'none';
  if (isWrong && !write.replaceWrongType) {
    throw new RlctlError('guard', `the Redis key "${key}" is a ${state.type}`, {
      code: 'REDIS_WRONG_TYPE',
      hint: 'Rename it.',
    });
  }
  if (!isSame(state.bytes, write.expected) || state.metadata !== write.expectedMetadata) {
    return { kind: 'conflict', current: current() };
  }
  const why = isWrong ? 'wrongType' : snapshotCause(state);
  trim(state, limits, current().serverTimeMs);
  if (why) append(fake, current().serverTimeMs, write, 'snapshot', why);
  const entryId = append(fake, current().serverTimeMs, write, 'change', null);
  state.bytes = Uint8Array.from(write.next);
  state.type = 'string';
  state.metadata = write.nextMetadata ?? state.metadata;
  (fake.writes as OverrideWrite[]).push(write);
  return written(fake, write, entryId, { sawForeignChange: why === 'foreign' });
}

function written(
  fake: FakeOverrides,
  write: OverrideWrite,
  entryId: string,
  facts: { wasDuplicate?: boolean; sawForeignChange?: boolean },
): WriteOutcome {
  const required = write.requiredReplicas;
  const replication = { required, acknowledged: required === 0 ? 0 : fake.state.acknowledged };
  return {
    kind: 'written',
    wasDuplicate: false,
    sawForeignChange: false,
    usedTransaction: false,
    ...facts,
    entryId,
    replication,
  };
}

function isSame(bytes: Uint8Array | null, expected: Uint8Array | null): boolean {
  return bytes === null || expected === null ? bytes === expected : Buffer.from(bytes).equals(expected);
}

function snapshotCause(state: FakeOverrides['state']): 'first' | 'foreign' | 'periodic' | null {
  const last = state.entries.at(-1);
  if (!last) return state.bytes === null ? null : 'first';
  if (last.next !== revisionOf(state.bytes)) return 'foreign';
  const since = state.entries.length - 1 - state.entries.findLastIndex((entry) => entry.kind === 'snapshot');
  return since >= snapshotEvery ? 'periodic' : null;
}

/** Drops what is before the newest snapshot that is not newer than what is too old, or too many. */
function trim(state: FakeOverrides['state'], { entries: wanted, ageMs }: HistoryLimits, nowMs: number): void {
  const { entries } = state;
  const old = ageMs === null ? -1 : entries.findLastIndex(({ timeMs }) => timeMs < nowMs - ageMs);
  const excess = entries.length - wanted;
  const cut = Math.max(old, excess > snapshotEvery ? Math.min(excess, 2 * snapshotEvery) : -1);
  const base = entries.slice(0, cut + 1).findLastIndex(({ kind }) => kind === 'snapshot');
  if (base > 0) state.entries = entries.slice(base);
}

function append(
  fake: FakeOverrides,
  serverTimeMs: number,
  write: OverrideWrite,
  kind: HistoryEntry['kind'],
  why: HistoryEntry['snapshotOf'],
): string {
  const { entries, bytes } = fake.state;
  const last = entries.at(-1);
  const prev = revisionOf(bytes);
  const isChange = kind === 'change';
  const next = isChange ? revisionOf(write.next) : prev;
  const sequence = (last?.sequence ?? 0) + 1;
  const body = isChange ? JSON.stringify(write.body) : '';
  const parts = [last?.chain ?? '', kind, write.changeId, String(sequence), prev, next, body];
  const entry: HistoryEntry = {
    entryId: nextId(last?.entryId, serverTimeMs),
    timeMs: serverTimeMs,
    kind,
    changeId: write.changeId,
    sequence,
    prev,
    next,
    chain: createHash('sha1').update(parts.join('\n')).digest('hex'),
    body: isChange ? write.body : null,
    document: documentOf(write, isChange, why, bytes),
    snapshotOf: why,
  };
  entries.push(entry);
  return entry.entryId;
}

function documentOf(
  write: OverrideWrite,
  isChange: boolean,
  why: HistoryEntry['snapshotOf'],
  bytes: Uint8Array | null,
): Uint8Array | null {
  if (isChange) return write.body.splices === null ? Uint8Array.from(write.next) : null;
  return why === 'wrongType' ? null : bytes;
}

function nextId(last: string | undefined, nowMs: number): string {
  const [ms = 0, n = 0] = (last ?? '0-0').split('-').map(Number);
  return nowMs > ms ? `${nowMs}-0` : `${ms}-${n + 1}`;
}

function isOlder(entryId: string, than: string): boolean {
  const [ms = 0, n = 0] = entryId.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = than.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && n < otherN);
}
