import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecord } from '../../src/domain/audit/record.js';
import type { HistoryEntry, HistoryLimits } from '../../src/domain/override/history.js';
import { replay } from '../../src/domain/override/replay.js';
import { revisionOf } from '../../src/domain/revision.js';
import type { OverrideStore } from '../../src/ports/override-store.js';
import { deadlineIn, emptyBody, textOf, writeOf } from './override-store.kit.js';

/** One document on one server, and what can be done to it past the store. */
export interface ContractSubject {
  /** Another client; `limits`: what it cuts the history to. */
  store(limits?: HistoryLimits): OverrideStore;
  /** SET or DEL of the document by somebody else. */
  foreignSet(text: string | null): Promise<void>;
  foreignMetadata(text: string): Promise<void>;
  /** Makes the document's key a list. */
  makeList(): Promise<void>;
  setTtl(ms: number): Promise<void>;
  /** From the next write on: it reaches the server, and no answer ever comes back. */
  loseContact(): Promise<void>;
  /** What the server holds, asked past the store. */
  stored(): Promise<string | null>;
}

export interface ContractHost {
  /** A fresh document with its own key. */
  subject(): Promise<ContractSubject>;
  stop(): Promise<void>;
  readonly usesTransaction: boolean;
  /** Whether it can keep a copy of a key of any type; left out: it can. */
  readonly hasDump?: boolean;
  /** How many replicas acknowledge a write; left out: none. */
  readonly replicas?: number;
}

const time = 8000;

async function writeText(store: OverrideStore, next: string, parts: Parameters<typeof writeOf>[2] = {}) {
  return store.write(writeOf(await store.read(deadlineIn(time)), next, parts), deadlineIn(time));
}

/** Writes that can be replayed; each adds one member. */
async function writeMembers(store: OverrideStore, from: number, to: number): Promise<void> {
  const state = { last: await store.read(deadlineIn(time)) };
  for (let index = from; index < to; index += 1) {
    const before = Buffer.from(state.last.bytes ?? '{}').toString();
    const inserted = `${before === '{}' ? '' : ','}"/m${index}":{"rate":1}`;
    const at = before.length - 1;
    const next = `${before.slice(0, -1)}${inserted}}`;
    const body = { ...emptyBody, splices: [{ at, removed: '', inserted }] };
    const write = writeOf(state.last, next, { body, fenceMs: state.last.serverTimeMs + 60_000 });
    expect(await store.write(write, deadlineIn(time))).toMatchObject({ kind: 'written' });
    state.last = { ...state.last, bytes: write.next };
  }
}

/** Comes back when the server's clock has passed the newest entry. */
async function untilLater(store: OverrideStore): Promise<void> {
  for (;;) {
    const { serverTimeMs, lastEntry } = await store.read(deadlineIn(time));
    if (serverTimeMs > (lastEntry?.timeMs ?? 0) + 1) return;
  }
}

async function wholeHistory(store: OverrideStore): Promise<HistoryEntry[]> {
  return (await store.history({ limit: 10_000 }, deadlineIn(time))).toReversed();
}

/** Recomputes sequence, chain and revisions with no code of the store's. */
function expectWholeChain(entries: readonly HistoryEntry[]): void {
  const state = { chain: '', next: null as string | null };
  for (const [index, entry] of entries.entries()) {
    expect(entry.sequence).toBe(index + 1);
    const body = entry.body === null ? '' : JSON.stringify(entry.body);
    const parts = [state.chain, entry.kind, entry.changeId, entry.sequence, entry.prev, entry.next, body];
    expect(entry.chain).toBe(createHash('sha1').update(parts.join('\n')).digest('hex'));
    if (entry.kind === 'change' && state.next !== null) expect(entry.prev).toBe(state.next);
    if (entry.kind === 'snapshot') expect([entry.prev, entry.body]).toEqual([entry.next, null]);
    if (entry.document !== null) expect(revisionOf(entry.document)).toBe(entry.next);
    state.chain = entry.chain;
    state.next = entry.next;
  }
}

/** What every override store must do, the real one and the fake. */
export function describeOverrideStore(
  name: string,
  start: () => Promise<ContractHost>,
  whyNot: string | null = null,
): void {
  describe.skipIf(whyNot !== null)(`override store: ${whyNot ?? name}`, () => {
    const shared: { host: ContractHost | null } = { host: null };
    const fresh = async (): Promise<{ subject: ContractSubject; store: OverrideStore }> => {
      const subject = await (shared.host as ContractHost).subject();
      return { subject, store: subject.store() };
    };
    beforeAll(async () => {
      shared.host = await start();
    });
    afterAll(() => shared.host?.stop());

    test('reads nothing where there is nothing', async () => {
      const { store } = await fresh();
      const state = await store.read(deadlineIn(time));
      expect(state).toMatchObject({
        bytes: null,
        type: 'none',
        revision: 'none',
        ttlMs: null,
        metadata: null,
        lastEntry: null,
      });
      expect(Math.abs(state.serverTimeMs - Date.now())).toBeLessThan(60_000);
      expect(await store.history({ limit: 10 }, deadlineIn(time))).toEqual([]);
    });

    test('tells an empty string from no key', async () => {
      const { subject, store } = await fresh();
      await subject.foreignSet('');
      const state = await store.read(deadlineIn(time));
      expect([state.type, state.bytes?.length]).toEqual(['string', 0]);
    });

    test('the first write creates the document and one entry', async () => {
      const { subject, store } = await fresh();
      const outcome = await writeText(store, '{"/a":{}}', { nextMetadata: '{"/a":1}' });
      expect(outcome).toMatchObject({
        kind: 'written',
        wasDuplicate: false,
        sawForeignChange: false,
        usedTransaction: shared.host?.usesTransaction,
        replication: { required: 0, acknowledged: 0 },
      });
      expect(await subject.stored()).toBe('{"/a":{}}');
      const state = await store.read(deadlineIn(time));
      expect(state).toMatchObject({
        type: 'string',
        revision: revisionOf(Buffer.from('{"/a":{}}')),
        metadata: '{"/a":1}',
      });
      const entries = await wholeHistory(store);
      expect(entries.map((entry) => [entry.kind, entry.prev, entry.body])).toEqual([['change', 'none', emptyBody]]);
      expect(outcome.kind === 'written' && outcome.entryId).toBe(entries[0]?.entryId);
      expect(state.lastEntry).toEqual(entries[0]);
      expectWholeChain(entries);
    });

    test('a document that was there first is kept as a snapshot, byte for byte', async () => {
      const { subject, store } = await fresh();
      const before = '{"b": 1.0,\n "a":[], "b":"é\u2028"}';
      await subject.foreignSet(before);
      await writeText(store, '{"/a":{}}');
      const entries = await wholeHistory(store);
      expect(entries.map((entry) => [entry.kind, entry.snapshotOf, textOf(entry.document)])).toEqual([
        ['snapshot', 'first', before],
        ['change', null, null],
      ]);
      expectWholeChain(entries);
    });

    test('a chain of writes', async () => {
      const { subject, store } = await fresh();
      for (let index = 0; index < 5; index += 1) {
        expect(await writeText(store, `{"n":${index}}`, { nextMetadata: `{"n":${index}}` })).toMatchObject({
          kind: 'written',
        });
      }
      expect(await subject.stored()).toBe('{"n":4}');
      const entries = await wholeHistory(store);
      expect(entries.map((entry) => entry.next)).toEqual(
        [0, 1, 2, 3, 4].map((n) => revisionOf(Buffer.from(`{"n":${n}}`))),
      );
      expectWholeChain(entries);
    });

    test('a conflict writes nothing and shows what is there', async () => {
      const { subject, store } = await fresh();
      const state = await store.read(deadlineIn(time));
      await writeText(subject.store(), '{"theirs":1}', { nextMetadata: 'theirs', changeId: 'theirs' });
      const outcome = await store.write(writeOf(state, '{"mine":1}'), deadlineIn(time));
      expect(outcome.kind).toBe('conflict');
      if (outcome.kind !== 'conflict') return;
      const { current } = outcome;
      expect([textOf(current.bytes), current.metadata, current.lastEntry?.changeId, current.type]).toEqual([
        '{"theirs":1}',
        'theirs',
        'theirs',
        'string',
      ]);
      expect(current.revision).toBe(revisionOf(Buffer.from('{"theirs":1}')));
      expect(await subject.stored()).toBe('{"theirs":1}');
      expect(await wholeHistory(store)).toHaveLength(1);
      // What the conflict showed is enough to go on from.
      expect(await store.write(writeOf(current, '{"both":1}'), deadlineIn(time))).toMatchObject({ kind: 'written' });
    });

    test('other bytes than those a change was computed from are a conflict, of the same length too', async () => {
      const { subject, store } = await fresh();
      await subject.foreignSet('{"a":1}');
      const state = await store.read(deadlineIn(time));
      await subject.foreignSet('{"a":2}');
      const outcome = await store.write(writeOf(state, '{"a":3}'), deadlineIn(time));
      expect(outcome.kind === 'conflict' && textOf(outcome.current.bytes)).toBe('{"a":2}');
      expect([await subject.stored(), await wholeHistory(store)]).toEqual(['{"a":2}', []]);
    });

    test('a key that appeared, and one that went, are conflicts', async () => {
      const { subject, store } = await fresh();
      const absent = await store.read(deadlineIn(time));
      await subject.foreignSet('');
      expect(await store.write(writeOf(absent, '{"a":1}'), deadlineIn(time))).toMatchObject({ kind: 'conflict' });
      const empty = await store.read(deadlineIn(time));
      await subject.foreignSet(null);
      expect(await store.write(writeOf(empty, '{"a":1}'), deadlineIn(time))).toMatchObject({
        kind: 'conflict',
        current: { bytes: null, type: 'none' },
      });
      expect(await subject.stored()).toBe(null);
    });

    test('metadata that changed underneath is a conflict', async () => {
      const { subject, store } = await fresh();
      await writeText(store, '{"a":1}', { nextMetadata: 'one' });
      const state = await store.read(deadlineIn(time));
      await subject.foreignMetadata('two');
      const outcome = await store.write(writeOf(state, '{"a":2}', { nextMetadata: 'three' }), deadlineIn(time));
      expect(outcome).toMatchObject({ kind: 'conflict', current: { metadata: 'two' } });
      expect(await subject.stored()).toBe('{"a":1}');
    });

    test('the same change id again is the same change', async () => {
      const { subject, store } = await fresh();
      const write = writeOf(await store.read(deadlineIn(time)), '{"a":1}');
      const first = await store.write(write, deadlineIn(time));
      const again = await subject.store().write(write, deadlineIn(time));
      expect(again).toMatchObject({ kind: 'written', wasDuplicate: true });
      expect(first.kind === 'written' && again.kind === 'written' && first.entryId === again.entryId).toBe(true);
      expect(await wholeHistory(store)).toHaveLength(1);
    });

    test('the same change id is found behind later changes, and past the fence', async () => {
      const { subject, store } = await fresh();
      const write = writeOf(await store.read(deadlineIn(time)), '{"a":1}');
      await store.write(write, deadlineIn(time));
      for (let index = 0; index < 120; index += 1) await writeText(store, `{"n":${index}}`);
      const late = { ...write, fenceMs: 1 };
      expect(await store.write(late, deadlineIn(time))).toMatchObject({ kind: 'written', wasDuplicate: true });
      expect(await subject.stored()).toBe('{"n":119}');
    });

    test('past the fence nothing is written', async () => {
      const { subject, store } = await fresh();
      await writeText(store, '{"a":1}');
      const state = await store.read(deadlineIn(time));
      const outcome = await store.write(
        writeOf(state, '{"a":2}', { fenceMs: state.serverTimeMs - 1 }),
        deadlineIn(time),
      );
      expect(outcome).toEqual({ kind: 'expired' });
      expect(await subject.stored()).toBe('{"a":1}');
      expect(await wholeHistory(store)).toHaveLength(1);
    });

    test('a TTL is shown and kept', async () => {
      const { subject, store } = await fresh();
      await subject.foreignSet('{}');
      await subject.setTtl(500_000);
      await writeText(store, '{"a":1}');
      const { ttlMs } = await store.read(deadlineIn(time));
      expect(ttlMs).toBeGreaterThan(400_000);
      expect(ttlMs).toBeLessThanOrEqual(500_000);
    });

    test('a foreign change is noticed and kept', async () => {
      const { subject, store } = await fresh();
      await writeText(store, '{"a":1}');
      await subject.foreignSet('{"foreign":1}');
      expect(await writeText(store, '{"b":1}')).toMatchObject({ kind: 'written', sawForeignChange: true });
      await subject.foreignSet(null);
      expect(await writeText(store, '{"c":1}')).toMatchObject({ kind: 'written', sawForeignChange: true });
      expect(await writeText(store, '{"d":1}')).toMatchObject({ kind: 'written', sawForeignChange: false });
      const entries = await wholeHistory(store);
      expect(entries.map((entry) => [entry.snapshotOf, textOf(entry.document)])).toEqual([
        [null, null],
        ['foreign', '{"foreign":1}'],
        [null, null],
        ['foreign', null],
        [null, null],
        [null, null],
      ]);
      expectWholeChain(entries);
    });

    test('every 200 changes a snapshot', async () => {
      const { store } = await fresh();
      const state = { last: await store.read(deadlineIn(time)) };
      for (let index = 1; index <= 401; index += 1) {
        const write = writeOf(state.last, `{"n":${index}}`, { fenceMs: state.last.serverTimeMs + 60_000 });
        expect(await store.write(write, deadlineIn(time))).toMatchObject({ kind: 'written' });
        state.last = { ...state.last, bytes: write.next };
      }
      const entries = await wholeHistory(store);
      const snapshots = entries.filter((entry) => entry.kind === 'snapshot');
      expect(snapshots.map((entry) => [entry.sequence, entry.snapshotOf, textOf(entry.document)])).toEqual([
        [201, 'periodic', '{"n":200}'],
        [402, 'periodic', '{"n":400}'],
      ]);
      expectWholeChain(entries);
    }, 120_000);

    test('what is too old goes, back to the snapshot from which the rest is replayed', async () => {
      const { subject } = await fresh();
      const store = subject.store({ entries: 10_000, ageMs: 0 });
      await writeMembers(store, 0, 3);
      await subject.foreignSet('{"/f":{}}');
      await untilLater(store);
      await writeMembers(store, 3, 4);
      // The foreign snapshot is not old yet, so what it follows from stays.
      expect((await wholeHistory(store)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
      await untilLater(store);
      await writeMembers(store, 4, 6);
      const entries = await wholeHistory(store);
      expect(entries.map(({ sequence, snapshotOf }) => [sequence, snapshotOf])).toEqual([
        [4, 'foreign'],
        [5, null],
        [6, null],
        [7, null],
      ]);
      expect(textOf(replay(entries))).toBe(await subject.stored());
    });

    test('without an age nothing goes for it, however old', async () => {
      const { subject } = await fresh();
      const store = subject.store({ entries: 10_000, ageMs: null });
      await writeMembers(store, 0, 2);
      await subject.foreignSet('{}');
      await untilLater(store);
      await writeMembers(store, 2, 4);
      expect((await wholeHistory(store)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    });

    test('what is too many goes, back to a snapshot, and never less than was asked for stays', async () => {
      const { subject } = await fresh();
      const store = subject.store({ entries: 50, ageMs: null });
      await writeMembers(store, 0, 250);
      expect((await wholeHistory(store))[0]?.sequence).toBe(1);
      await writeMembers(store, 250, 255);
      const entries = await wholeHistory(store);
      expect([entries[0]?.kind, entries[0]?.sequence, entries.at(-1)?.sequence]).toEqual(['snapshot', 201, 256]);
      expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => 201 + index));
      expect(textOf(replay(entries))).toBe(await subject.stored());
    }, 120_000);

    test('a replaced document is carried whole', async () => {
      const { store } = await fresh();
      await writeText(store, '{"a":1}', { body: { ...emptyBody, splices: null } });
      const [entry] = await wholeHistory(store);
      expect([entry?.kind, textOf(entry?.document ?? null), entry?.body?.splices]).toEqual(['change', '{"a":1}', null]);
      expectWholeChain(entry ? [entry] : []);
    });

    test('a key of the wrong type is refused, and replaced only when told so', async () => {
      const { subject, store } = await fresh();
      await subject.makeList();
      const state = await store.read(deadlineIn(time));
      expect(state).toMatchObject({ type: 'list', bytes: null });
      await expect(store.write(writeOf(state, '{}'), deadlineIn(time))).rejects.toMatchObject({
        kind: 'guard',
        code: 'REDIS_WRONG_TYPE',
      });
      expect(await wholeHistory(store)).toEqual([]);
      expect(await store.read(deadlineIn(time))).toMatchObject({ type: 'list' });
      const forced = writeOf(state, '{"a":1}', { replaceWrongType: true, body: { ...emptyBody, splices: null } });
      if (shared.host?.hasDump === false) {
        // What cannot be kept is not replaced, and the refusal says why.
        await expect(store.write(forced, deadlineIn(time))).rejects.toMatchObject({
          kind: 'refused',
          code: 'REDIS_COMMAND',
          message: expect.stringContaining('command DUMP'),
        });
        expect([(await store.read(deadlineIn(time))).type, await wholeHistory(store)]).toEqual(['list', []]);
        return;
      }
      expect(await store.write(forced, deadlineIn(time))).toMatchObject({ kind: 'written' });
      expect(await subject.stored()).toBe('{"a":1}');
      const entries = await wholeHistory(store);
      expect(entries.map((entry) => entry.snapshotOf)).toEqual(['wrongType', null]);
      expectWholeChain(entries);
    });

    test('the history comes in pages, newest first', async () => {
      const { store } = await fresh();
      for (let index = 0; index < 7; index += 1) await writeText(store, `{"n":${index}}`);
      const first = await store.history({ limit: 3 }, deadlineIn(time));
      const before = first.at(-1)?.entryId ?? '';
      const second = await store.history({ limit: 100, before }, deadlineIn(time));
      expect([...first, ...second].map((entry) => entry.sequence)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    });

    test('the records come in pages, oldest first, each as stored', async () => {
      const { subject, store } = await fresh();
      await subject.foreignSet('{"/f":1}');
      await writeText(store, '{"a":1}', { body: { ...emptyBody, splices: null } });
      await writeText(store, '{"b":1}');
      const first = await store.records({ limit: 2 }, deadlineIn(time));
      const after = first.at(-1)?.entryId ?? '';
      const records = [...first, ...(await store.records({ limit: 100, after }, deadlineIn(time)))];
      expect(await store.records({ limit: 1, after: records.at(-1)?.entryId ?? '' }, deadlineIn(time))).toEqual([]);
      const newest = await store.newestRecords({ limit: 2 }, deadlineIn(time));
      const before = newest.at(-1)?.entryId ?? '';
      const older = await store.newestRecords({ limit: 100, before }, deadlineIn(time));
      expect([...newest, ...older]).toEqual(records.toReversed());
      expect(records.map(({ entryId }) => entryId)).toEqual((await wholeHistory(store)).map(({ entryId }) => entryId));
      expect(records.map(({ fields }) => [...fields.keys()].sort().join(' '))).toEqual([
        'chain doc id kind next prev seq since why',
        'body chain doc id kind next prev seq since',
        'body chain id kind next prev seq since',
      ]);
      expect(records.map(({ fields }) => textOf(fields.get('since') ?? null))).toEqual(['0', '1', '2']);
      expect(records.map((record) => readRecord(record).entry)).toEqual(await wholeHistory(store));
    });

    test('replicas that do not exist do not acknowledge', async () => {
      const { store } = await fresh();
      const { replicas = 0 } = shared.host as ContractHost;
      const outcome = await writeText(store, '{"a":1}', { requiredReplicas: replicas + 2 });
      expect(outcome).toMatchObject({
        kind: 'written',
        replication: { required: replicas + 2, acknowledged: replicas },
      });
    });

    test('the last heartbeat is what is read', async () => {
      const { subject, store } = await fresh();
      expect((await store.read(deadlineIn(time))).heartbeat).toBeNull();
      const first = { atMs: 1000, by: 'cron@a', everySeconds: null, previousMs: null, reloaded: null };
      await store.beat(() => first, deadlineIn(time));
      const last = { atMs: 2000, by: 'cron@b', everySeconds: 300, previousMs: 1000, reloaded: 'abc' };
      const seen: unknown[] = [];
      await store.beat((stored) => (seen.push(stored), last), deadlineIn(time));
      expect(seen).toEqual([first]);
      expect((await subject.store().read(deadlineIn(time))).heartbeat).toEqual(last);
      // It is no part of what a change is compared with.
      expect(await writeText(store, '{"a":1}')).toMatchObject({ kind: 'written' });
      expect((await store.read(deadlineIn(time))).heartbeat).toEqual(last);
    });

    test('bytes survive as they are: no UTF-8, NUL, line ends', async () => {
      const { store } = await fresh();
      const next = Buffer.from([0x7b, 0, 0xff, 0xfe, 13, 10, 0x7d]);
      const state = await store.read(deadlineIn(time));
      await store.write({ ...writeOf(state, '{}'), next }, deadlineIn(time));
      expect(Buffer.from((await store.read(deadlineIn(time))).bytes ?? []).equals(next)).toBe(true);
    });

    test('contact lost after the write: the outcome is unknown, and the history tells later', async () => {
      const { subject, store } = await fresh();
      const state = await store.read(deadlineIn(time));
      await subject.loseContact();
      const write = writeOf(state, '{"a":1}', { fenceMs: state.serverTimeMs + 300 });
      const outcome = await store.write(write, deadlineIn(1300));
      expect(outcome.kind).toBe('unknown');
      expect(outcome.kind === 'unknown' && outcome.cause).not.toBe('');
      const [entry] = await wholeHistory(subject.store());
      expect(entry?.changeId).toBe(write.changeId);
    });
  });
}
