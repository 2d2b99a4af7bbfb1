import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationStore } from '../../src/ports/operation-store.js';
import { deadlineIn } from './override-store.kit.js';

export interface OperationHost {
  /** A client of its own; `isCutOnce`: the first answer to a change is lost on the way. */
  store(isCutOnce?: boolean): Promise<OperationStore>;
  stop(): Promise<void>;
}

const hour = 3_600_000;

/** The port's promises, which hold for the fake and for the real adapter alike. */
export function describeOperationStore(
  name: string,
  start: () => Promise<OperationHost>,
  whyNot: string | null = null,
): void {
  describe.skipIf(whyNot !== null)(`an operation store (${whyNot ?? name})`, () => {
    const held: { host: OperationHost | null } = { host: null };
    const deadline = () => deadlineIn(5000);
    const open = async (isCutOnce = false): Promise<OperationStore> => {
      if (held.host === null) throw new Error('not started');
      return held.host.store(isCutOnce);
    };

    beforeAll(async () => {
      held.host = await start();
    });

    afterAll(async () => held.host?.stop());

    it('keeps nothing at first, and then what was written, for every client', async () => {
      const [mine, theirs] = [await open(), await open()];
      expect(await mine.read('a', deadline())).toMatchObject({ text: null, lease: null, lapsed: null });
      const change = { expected: null, next: '{"ö":1}', token: null };
      expect(await mine.write('a', change, deadline())).toEqual({ kind: 'written' });
      const read = await theirs.read('a', deadline());
      expect(read.text).toBe('{"ö":1}');
      expect(Math.abs(read.serverTimeMs - Date.now())).toBeLessThan(60_000);
    });

    it('refuses a change that was computed from something else, and shows what stands there', async () => {
      const store = await open();
      await store.write('b', { expected: null, next: 'one', token: null }, deadline());
      const outcome = await store.write('b', { expected: 'none', next: 'two', token: null }, deadline());
      expect(outcome).toMatchObject({ kind: 'conflict', current: { text: 'one' } });
      expect(await store.write('b', { expected: null, next: 'two', token: null }, deadline())).toMatchObject({
        kind: 'conflict',
      });
      expect((await store.read('b', deadline())).text).toBe('one');
    });

    it('takes what already stands as wanted for written', async () => {
      const store = await open();
      await store.write('c', { expected: null, next: 'one', token: null }, deadline());
      expect(await store.write('c', { expected: 'before', next: 'one', token: null }, deadline())).toEqual({
        kind: 'written',
      });
    });

    it('removes a state, tells an empty one from none, and lists names by their beginning', async () => {
      const store = await open();
      for (const name of ['list:b', 'list:a', 'other']) {
        await store.write(name, { expected: null, next: '', token: null }, deadline());
      }
      await store.lease('list:z', { holder: 'me', token: 't', ttlMs: hour, isForced: false }, deadline());
      expect(await store.names('list:', deadline())).toEqual(['list:a', 'list:b']);
      expect((await store.read('list:a', deadline())).text).toBe('');
      await store.write('list:a', { expected: '', next: null, token: null }, deadline());
      expect(await store.names('list:', deadline())).toEqual(['list:b']);
      expect((await store.read('list:a', deadline())).text).toBeNull();
    });

    it('gives a lease to one holder, renews it for that one, and shows it to the others', async () => {
      const store = await open();
      const ask = (token: string, isForced = false) =>
        store.lease('d', { holder: `${token}@host one`, token, ttlMs: hour, isForced }, deadline());
      const first = await ask('ann');
      expect(first).toMatchObject({ kind: 'held', lease: { holder: 'ann@host one', token: 'ann' } });
      expect(await ask('ben')).toMatchObject({ kind: 'taken', by: { holder: 'ann@host one' } });
      expect(await ask('ann')).toMatchObject({ kind: 'held' });
      const { lease, serverTimeMs } = await store.read('d', deadline());
      expect(lease?.token).toBe('ann');
      expect((lease?.untilMs ?? 0) - serverTimeMs).toBeGreaterThan(hour - 60_000);
      expect(await ask('ben', true)).toMatchObject({ kind: 'held', lease: { token: 'ben' } });
      expect(await ask('ann')).toMatchObject({ kind: 'taken', by: { token: 'ben' } });
    });

    it('writes under a lease only while it is held', async () => {
      const store = await open();
      const lease = (token: string, isForced: boolean) =>
        store.lease('e', { holder: token, token, ttlMs: hour, isForced }, deadline());
      expect(await store.write('e', { expected: null, next: 'x', token: 'ann' }, deadline())).toMatchObject({
        kind: 'lost',
      });
      await lease('ann', false);
      expect(await store.write('e', { expected: null, next: 'one', token: 'ann' }, deadline())).toEqual({
        kind: 'written',
      });
      await lease('ben', true);
      const late = await store.write('e', { expected: 'one', next: 'two', token: 'ann' }, deadline());
      expect(late).toMatchObject({ kind: 'lost', current: { text: 'one', lease: { token: 'ben' } } });
      expect(await store.write('e', { expected: 'one', next: 'three', token: 'ben' }, deadline())).toEqual({
        kind: 'written',
      });
    });

    it('lets a lease run out by the server’s time, and says whose it was', async () => {
      const store = await open();
      await store.lease('f', { holder: 'ann@host', token: 'ann', ttlMs: 20, isForced: false }, deadline());
      await expect.poll(async () => (await store.read('f', deadline())).lease).toBeNull();
      expect((await store.read('f', deadline())).lapsed).toMatchObject({ holder: 'ann@host', token: 'ann' });
      expect(await store.write('f', { expected: null, next: 'x', token: 'ann' }, deadline())).toMatchObject({
        kind: 'lost',
      });
      const next = await store.lease('f', { holder: 'ben', token: 'ben', ttlMs: hour, isForced: false }, deadline());
      expect(next).toMatchObject({ kind: 'held', lease: { holder: 'ben' } });
    });

    it('takes a lease back from its holder alone', async () => {
      const store = await open();
      await store.lease('g', { holder: 'ann', token: 'ann', ttlMs: hour, isForced: false }, deadline());
      await store.release('g', 'ben', deadline());
      expect((await store.read('g', deadline())).lease?.token).toBe('ann');
      await store.release('g', 'ann', deadline());
      expect(await store.read('g', deadline())).toMatchObject({ lease: null, lapsed: null });
    });

    it('makes a change once where its answer was lost', async () => {
      const store = await open(true);
      const change = { expected: null, next: 'one', token: null };
      const outcome = await store.write('h', change, deadline()).catch(() => null);
      // Whoever could not send it again reads what became of it.
      if (outcome === null) expect((await store.read('h', deadline())).text).toBe('one');
      else expect(outcome).toEqual({ kind: 'written' });
    });

    it('lets exactly one of many win', async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, async () => open()));
      const outcomes = await Promise.all(
        stores.map((store, index) =>
          store.write('i', { expected: null, next: `writer ${index}`, token: null }, deadline()),
        ),
      );
      expect(outcomes.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      const winner = outcomes.findIndex(({ kind }) => kind === 'written');
      expect((await (await open()).read('i', deadline())).text).toBe(`writer ${winner}`);
    });
  });
}
