import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPartOf, type OperationRef } from '../../../src/domain/operation/reference.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import type { End } from '../../../src/domain/override/end.js';
import { parseMetadata } from '../../../src/domain/override/metadata.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { readHistory, standing } from '../../../src/procedures/override/recorded.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { undoOperationIntent } from '../../../src/procedures/override/undo-operation.js';
import { unsetIntent } from '../../../src/procedures/override/unset.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { undoBy } from '../../support/undo-by.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';
import { createFakeClock, createFakeRandomness } from '../../support/fake-time.js';

const author = { actor: 'ann@host', reason: null, ticket: null, rlctl: '0', environment: 'test' };
const panic: OperationRef = { kind: 'panic', id: 'p-1' };

function openDesk(document?: string) {
  const fake = createFakeOverrides(document === undefined ? {} : { document });
  const ports = {
    store: fake.store(),
    clock: createFakeClock(),
    randomness: createFakeRandomness(),
    deadline: deadlineIn(600_000),
  };
  const run = async (intent: ChangeIntent): Promise<string | null> => {
    const plan = await planChange(ports, intent);
    if (plan.isNoop) return null;
    return ((await writePlan(ports, plan, author)) as { changeId: string }).changeId;
  };
  const within = (intent: ChangeIntent, part: OperationRef | null): ChangeIntent =>
    part === null ? intent : { ...intent, terms: () => ({ ...intent.terms?.(), partOf: [part] }) };
  return {
    fake,
    ports,
    set: (route: string, rate: number, part: OperationRef | null = null, end?: End) =>
      run(within(setIntent(route, rate, end), part)),
    unset: (route: string, part: OperationRef | null = null) =>
      run(within(unsetIntent(route, { kind: 'permanent' }, null), part)),
    undo: () => run(undoIntent(ports, null, undoBy('ann@host'))),
    restore: (part: OperationRef = panic) =>
      run(
        undoOperationIntent(ports, {
          command: 'panic restore',
          belongs: ({ body }) => isPartOf(body?.partOf, part),
          ifRevision: null,
          what: `${part.kind} ${part.id}`,
          partOf: [part],
        }),
      ),
    document: () => Buffer.from(fake.state.bytes ?? '').toString(),
    standing: async () =>
      [...standing(await readHistory(ports, () => false))].map(({ changeId }) => changeId).toReversed(),
  };
}

function setIntent(route: string, rate: number, end: End = { kind: 'unsaid' }): ChangeIntent {
  return {
    command: 'override set',
    routes: [route],
    end,
    edit: (document) => setOverride(document ?? scanDocument(null), route, { ratePerMin: rate }),
    undoes: () => null,
    isForced: false,
    ifRevision: null,
  };
}

describe('taking back what belongs together', () => {
  test('is one change, leaves the others, and says in the history what it took back', async () => {
    const start = '{ "/a": {"rate": 1},  "/b":{"rate":2} }';
    const desk = openDesk(start);
    await desk.set('/a', 10, panic);
    await desk.set('/c', 3);
    await desk.set('/b', 20, panic);
    expect(await desk.restore()).toBe('change-4');
    expect(desk.document()).toBe('{ "/a": {"rate": 1},  "/b":{"rate":2},  "/c": {"rate":3} }');
    const { body } = desk.fake.state.entries.at(-1) ?? {};
    expect(body).toMatchObject({
      undoes: 'change-3',
      alsoUndoes: ['change-1'],
      partOf: [panic],
      command: 'panic restore',
    });
    expect(await desk.standing()).toEqual(['change-2']);
  });

  test('brings the exact bytes back where nothing else happened, of a route touched twice too', async () => {
    const start = '{ "/a": {"rate": 1},  "/b":{"rate":2} }';
    const desk = openDesk(start);
    await desk.set('/a', 10, panic);
    await desk.set('/a', 11, panic);
    await desk.unset('/b', panic);
    await desk.restore();
    expect(desk.document()).toBe(start);
  });

  test('is refused as a whole where somebody changed one of the routes since, showing all three sides', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2}}');
    await desk.set('/a', 10, panic);
    await desk.set('/b', 20, panic);
    await desk.set('/b', 21);
    const before = desk.document();
    await expect(desk.restore()).rejects.toMatchObject({
      kind: 'conflict',
      code: 'UNDO_CONFLICT',
      details: { routes: [{ route: '/b', base: '{"rate":20}', theirs: '{"rate":21}', mine: '{"rate":2}' }] },
    });
    expect(desk.document()).toBe(before);
    await desk.undo();
    await desk.restore();
    expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2}}');
  });

  test('happens once, and not to what was taken back by itself', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2}}');
    await desk.set('/a', 10, panic);
    await desk.set('/b', 20, panic);
    await desk.undo();
    await desk.restore();
    expect(desk.fake.state.entries.at(-1)?.body).toMatchObject({ undoes: 'change-1' });
    expect(desk.fake.state.entries.at(-1)?.body?.alsoUndoes).toBeUndefined();
    await expect(desk.restore()).rejects.toMatchObject({ kind: 'usage', code: 'NOTHING_TO_UNDO' });
  });

  test('keeps two of them apart, in either order', async () => {
    const other: OperationRef = { kind: 'panic', id: 'p-2' };
    for (const order of [
      [panic, other],
      [other, panic],
    ]) {
      const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2}}');
      await desk.set('/a', 10, panic);
      await desk.set('/b', 20, other);
      for (const each of order) await desk.restore(each);
      expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2}}');
    }
  });

  test('gives a route that was temporary before its end back', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/a', 5, null, { kind: 'for', ms: 600_000 });
    const known = parseMetadata(desk.fake.state.metadata).routes.get('/a');
    await desk.set('/a', 10, panic);
    await desk.restore();
    expect(parseMetadata(desk.fake.state.metadata).routes.get('/a')).toMatchObject({
      untilMs: known?.untilMs,
      previous: { value: '{"rate":1}' },
    });
  });

  test('leaves of any sequence of changes exactly those that do not belong', async () => {
    const route = fc.constantFrom('/a', '/b', '/c', '/d');
    const step = fc.record({ route, rate: fc.integer({ min: 1, max: 99 }), isRemoval: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 4 }), async (mine, theirs) => {
        // What others do concerns other routes: on the same it would be a conflict.
        const start = '{"/a":{"rate":1}, "/x":{"rate":2},"/c":{"rate":3}}';
        const [desk, alone] = [openDesk(start), openDesk(start)];
        const play = async (
          where: typeof desk,
          { route: at, rate, isRemoval }: { route: string; rate: number; isRemoval: boolean },
          part: OperationRef | null,
        ): Promise<unknown> => (isRemoval ? where.unset(at, part) : where.set(at, rate, part));
        const others = theirs.map((each) => ({ ...each, route: `/x${each.route}` }));
        for (const each of mine) await play(desk, each, panic);
        for (const each of others) await play(desk, each, null);
        for (const each of others) await play(alone, each, null);
        const before = await desk.standing();
        await desk.restore().catch((error: unknown) => expect(error).toMatchObject({ code: 'NOTHING_TO_UNDO' }));
        expect(JSON.parse(desk.document())).toEqual(JSON.parse(alone.document()));
        if (others.length === 0) expect(desk.document()).toBe(start);
        expect(before).toEqual(expect.arrayContaining([...(await desk.standing())]));
      }),
      { numRuns: 150, seed: 20261121 },
    );
  });
});
