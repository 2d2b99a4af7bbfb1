import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overridesKey } from '../../../src/domain/redis-keys.js';
import { revisionOf } from '../../../src/domain/revision.js';
import type { HistoryEntry, Splice } from '../../../src/domain/override/history.js';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { deadlineIn, emptyBody, storeAt, textOf, writeOf } from '../../contracts/override-store.kit.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';

const writers = 32;
const rounds = 4;

/** The smallest read-modify-write loop: put one member at the end, again on the fresh bytes after each conflict. */
async function addMember(store: OverrideStore, route: string): Promise<boolean> {
  const state = { current: await store.read(deadlineIn(20_000)) };
  for (;;) {
    const before = textOf(state.current.bytes) ?? '{}';
    const inserted = `${before === '{}' ? '' : ','}${JSON.stringify(route)}:{}`;
    const splices: Splice[] = [{ at: Buffer.byteLength(before) - 1, removed: '', inserted }];
    const next = `${before.slice(0, -1)}${inserted}}`;
    const write = writeOf(state.current, next, {
      body: { ...emptyBody, splices },
      nextMetadata: String(Number(state.current.metadata ?? 0) + 1),
      fenceMs: state.current.serverTimeMs + 20_000,
    });
    const outcome = await store.write(write, deadlineIn(20_000));
    if (outcome.kind === 'written') return outcome.sawForeignChange;
    if (outcome.kind !== 'conflict') throw new Error(outcome.kind);
    state.current = outcome.current;
  }
}

/** Replays the history with no code of the product's. */
function replay(entries: readonly HistoryEntry[]): string {
  const state = { text: '{}' };
  for (const entry of entries) {
    if (entry.kind === 'snapshot') state.text = textOf(entry.document) ?? '{}';
    for (const { at, inserted } of entry.body?.splices ?? []) {
      const bytes = Buffer.from(state.text);
      state.text = Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at)]).toString();
    }
    expect(entry.next).toBe(revisionOf(Buffer.from(state.text)));
  }
  return state.text;
}

describe('many writers at once', () => {
  const shared: { redis: RunningRedis | null } = { redis: null };
  beforeAll(async () => {
    shared.redis = await startRedis();
    await shared.redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
  });
  afterAll(() => shared.redis?.stop());

  test.each([
    ['by EVAL', '', writers],
    ['by WATCH and MULTI', 'noeval:pw@', 8],
  ])('%s: nothing is lost, the history is whole', async (name, login, count) => {
    const redis = shared.redis as RunningRedis;
    const namespace = name;
    const stores = Array.from({ length: count }, () =>
      storeAt(`redis://${login}127.0.0.1:${redis.port}/0`, { namespace }),
    );
    const routes = Array.from({ length: rounds }, (_, round) => stores.map((_, index) => `/r${round}/w${index}`));
    for (const round of routes)
      await Promise.all(round.map((route, index) => addMember(stores[index] as OverrideStore, route)));
    const final = await redis.cli('GET', overridesKey(namespace));
    expect(Object.keys(JSON.parse(final) as object).sort()).toEqual(routes.flat().sort());
    const entries = await (stores[0] as OverrideStore).history({ limit: 10_000 }, deadlineIn(5000));
    expect(entries.filter((entry) => entry.kind === 'change')).toHaveLength(count * rounds);
    expect(entries.map((entry) => entry.sequence).reverse()).toEqual(entries.map((_, index) => index + 1));
    expect(replay(entries.toReversed())).toBe(final);
    expect((await (stores[0] as OverrideStore).read(deadlineIn(5000))).metadata).toBe(String(count * rounds));
    for (const store of stores) store.close();
  });

  test('a plain SET in between is noticed by the next writer', async () => {
    const redis = shared.redis as RunningRedis;
    const store = storeAt(redis.url, { namespace: 'mixed' });
    for (let index = 0; index < 10; index += 1) {
      await redis.cli('SET', overridesKey('mixed'), `{"foreign${index}":{}}`);
      expect(await addMember(store, `/mine${index}`)).toBe(index > 0);
      expect(await addMember(store, `/mine${index}b`)).toBe(false);
    }
    const entries = await store.history({ limit: 1000 }, deadlineIn(5000));
    expect(entries.filter((entry) => entry.snapshotOf === 'foreign')).toHaveLength(9);
    expect(replay(entries.toReversed())).toBe(await redis.cli('GET', overridesKey('mixed')));
    store.close();
  });
});
