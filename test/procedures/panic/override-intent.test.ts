import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { isOpen, openPanic, type Panic } from '../../../src/domain/panic/panics.js';
import { restorationOf } from '../../../src/domain/panic/restoration.js';
import type { PanicTarget } from '../../../src/domain/panic/target.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { panicIntent, type RoutePanic } from '../../../src/procedures/panic/override-intent.js';
import { allPanics, type RecordedPanics } from '../../../src/procedures/panic/panics.js';
import { restorePanicIntent } from '../../../src/procedures/panic/restore-intent.js';
import { keepClosed, keepPanic } from '../../../src/procedures/panic/keep.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOperations } from '../../support/fake-operation-store.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';
import { createFakeRandomness } from '../../support/fake-time.js';

const author = { actor: 'ann@host', reason: 'INC-1', ticket: null, rlctl: '0', environment: 'test' };

function openDesk(document: string) {
  const time = { ms: 1000 };
  const fake = createFakeOverrides({ document, nowMs: () => (time.ms += 1) });
  const ports = {
    store: fake.store(),
    clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => undefined },
    randomness: createFakeRandomness(),
    deadline: deadlineIn(600_000),
  };
  const run = async (intent: ChangeIntent): Promise<boolean> => {
    const plan = await planChange(ports, intent);
    if (!plan.isNoop) await writePlan(ports, plan, author);
    return !plan.isNoop;
  };
  const wanted = (id: string, prefixes: readonly string[]): RoutePanic => ({
    id,
    target: targetOf(prefixes),
    prefixes,
    others: [],
    isForeign: () => false,
    isSpillAllowed: false,
    ifRevision: null,
    remarks: [],
  });
  const operations = createFakeOperations(() => (time.ms += 1)).store();
  const kept = { operations, deadline: ports.deadline };
  const recorded = (): Promise<RecordedPanics> => allPanics({ ...ports, ...kept }, () => undefined);
  return {
    fake,
    ports,
    run,
    recorded,
    close: async (id: string) => {
      const panic = openPanic((await recorded()).panics, id);
      await keepClosed(kept, { ...panic, flags: [] }, { actor: 'ann@host', isLeft: true });
    },
    /** False: it found everything as wanted, and is recorded as such. */
    panic: async (id: string, ...prefixes: readonly string[]) => {
      const intent = panicIntent(wanted(id, prefixes));
      if (await run(intent)) return true;
      const { actor, reason, ticket } = author;
      const { found = [] } = intent.terms?.() ?? {};
      const facts = { id, command: intent.command, way: 'overrides' as const, actor, reason, ticket };
      await keepPanic(kept, (atMs) => ({ ...facts, atMs, flags: [], found, restored: null }));
      return false;
    },
    plan: (more: Partial<RoutePanic>, ...prefixes: readonly string[]) =>
      planChange(ports, panicIntent({ ...wanted('p-1', prefixes), ...more })),
    restore: async (id: string) => {
      const panic = openPanic((await recorded()).panics, id);
      const judge = async () => {
        const { panics, history } = await recorded();
        return { restoration: restorationOf(panic, panics, history), history };
      };
      const { leaves } = (await judge()).restoration;
      if (await run(restorePanicIntent({ id, ifRevision: null, judge, remarks: [] }))) return true;
      await keepClosed(kept, { ...panic, flags: [] }, { actor: 'ann@host', leaves });
      return false;
    },
    document: () => Buffer.from(fake.state.bytes ?? '').toString(),
  };
}

/** Every prefix with its value, in the order in which the server takes them. */
function fieldsOf(text: string): unknown {
  return Object.entries(JSON.parse(text) as Record<string, unknown>);
}

function targetOf([first]: readonly string[]): PanicTarget {
  return first === undefined ? { kind: 'global' } : { kind: 'route', route: first };
}

describe('a panic through overrides', () => {
  test('is one change of the history that names its panic, and is called as it was typed', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a', '/b');
    expect(desk.fake.state.entries.filter(({ kind }) => kind === 'change')).toMatchObject([
      { body: { command: 'panic route /a', partOf: [{ kind: 'panic', id: 'p-1' }], reason: 'INC-1' } },
    ]);
    expect(desk.document()).toBe('{"/a":{"rate":1,"shadow":true},"/b":{"shadow":true}}');
  });

  test('that finds everything as wanted writes nothing, stands on it all the same, and puts nothing back', async () => {
    const text = '{"":{"shadow":true},"/a/b":{"shadow":true},"/a":{"shadow":true}}';
    for (const [prefixes, found] of [
      [[], ['']],
      [['/a'], ['/a', '/a/b']],
    ] as const) {
      const desk = openDesk(text);
      expect(await desk.panic('p-1', ...prefixes)).toBe(false);
      expect(desk.fake.state.entries).toEqual([]);
      expect((await desk.recorded()).panics).toMatchObject([{ id: 'p-1', changed: [], found, standsOn: found }]);
      expect(await desk.restore('p-1')).toBe(false);
      expect(desk.document()).toBe(text);
    }
  });

  test('says what it moved, took along and left', async () => {
    const desk = openDesk('{"/api":{"rate":9},"/api/pay/x":{"rate":1},"/api/pay":{"rate":3}}');
    const moved = await desk.plan({}, '/api/pay');
    expect(moved.remarks).toEqual(['"/api/pay" goes in front of "/api", which took its routes']);
    const under = openDesk('{"/api/pay/x":{"rate":1},"/api/other":{"rate":2},"/api":{"rate":9}}');
    const plan = await under.plan({ isForeign: (prefix) => prefix === '/api/other', remarks: ['known'] }, '/api');
    expect(plan.remarks).toEqual([
      '"/api/pay/x" wins for its own routes, so it goes into shadow as well',
      '"/api/other" wins for its own routes and belongs to another bucket: it stays as it is',
      'known',
    ]);
  });

  test('takes no route of another bucket along unless it may, and then says so', async () => {
    const desk = openDesk('{}');
    const others = [{ name: 'financial', names: ['financial'], routes: ['/api/pay'] }];
    const refused = await desk.plan({ others }, '/api').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      kind: 'guard',
      code: 'PANIC_REACHES_OTHERS',
      hint: expect.stringContaining('rlctl panic route /api --include-others') as string,
    });
    const allowed = await desk.plan({ others, isSpillAllowed: true }, '/api');
    expect(allowed.remarks).toEqual(['"/api" also catches /api/pay of the bucket financial']);
    const within = openDesk('{"":{"shadow":true}}');
    await expect(within.plan({ others }, '/api')).rejects.toMatchObject({ code: 'PANIC_REACHES_OTHERS' });
  });

  test('is computed anew where somebody else was faster on the same route', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const plan = await desk.plan({}, '/a');
    desk.fake.foreignSet('{"/a":{"rate":2},"/z":{}}');
    expect(await writePlan(desk.ports, plan, author)).toMatchObject({ conflicts: 1 });
    expect(desk.document()).toBe('{"/a":{"rate":2,"shadow":true},"/z":{}}');
  });
});

describe('restoring', () => {
  const key = fc.constantFrom('/a', '/a/b', '/a/b/c', '/b', '/', '');
  const value = fc.constantFrom('{}', '{"rate": 5}', '{"shadow":false}', '{"shadow":true,"burst":1}', '{ "x" : [1] }');
  const space = fc.constantFrom('', ' ', '\n  ');
  const document = fc
    .tuple(fc.uniqueArray(key, { maxLength: 6 }), fc.array(value, { minLength: 6, maxLength: 6 }), space, space)
    .map(
      ([keys, values, colon, gap]) =>
        `{${gap}${keys.map((each, index) => `${JSON.stringify(each)}${colon}:${values[index] ?? '{}'}`).join(`,${gap}`)}${gap}}`,
    );
  const panics = fc.array(fc.uniqueArray(fc.constantFrom('/a', '/a/b', '/b'), { maxLength: 2 }), {
    minLength: 1,
    maxLength: 3,
  });

  test('puts back every byte, in the reverse order of any panics', async () => {
    await fc.assert(
      fc.asyncProperty(document, panics, async (text, list) => {
        const desk = openDesk(text);
        const acted: string[] = [];
        for (const [index, prefixes] of list.entries()) {
          await desk.panic(`p-${index}`, ...prefixes);
          acted.push(`p-${index}`);
        }
        for (const id of acted.toReversed()) await desk.restore(id);
        expect(desk.document()).toBe(text);
      }),
      { seed: 61, numRuns: 150 },
    );
  });

  test('in any order, what open ones stand on stays, and the last one puts back what stood before the first', async () => {
    const order = fc.array(fc.nat({ max: 5 }), { minLength: 3, maxLength: 3 });
    const stood = ({ panics }: RecordedPanics): readonly string[] =>
      panics.filter(isOpen).flatMap(({ standsOn }) => standsOn);
    await fc.assert(
      fc.asyncProperty(document, panics, order, async (text, list, picks) => {
        const desk = openDesk(text);
        for (const [index, prefixes] of list.entries()) await desk.panic(`p-${index}`, ...prefixes);
        const left = list.map((_, index) => `p-${index}`);
        const wanted = (id: string, all: readonly Panic[]): readonly string[] => {
          const panic = all.find((each) => each.id === id);
          return [...(panic?.changed ?? []), ...(panic?.found ?? [])];
        };
        for (const pick of picks) {
          const [id] = left.splice(pick % Math.max(1, left.length), 1);
          if (id === undefined) break;
          await desk.restore(id);
          const now = await desk.recorded();
          for (const other of left) {
            for (const route of wanted(other, now.panics)) expect(stood(now)).toContain(route);
          }
        }
        expect(desk.document()).toBe(text);
      }),
      { seed: 62, numRuns: 300 },
    );
  });

  test('what one left on purpose is nobody’s to put back', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a');
    await desk.close('p-1');
    expect((await desk.recorded()).panics.filter(isOpen)).toEqual([]);
    await desk.panic('p-2', '/a', '/b');
    await desk.restore('p-2');
    expect(desk.document()).toBe('{"/a":{"rate":1,"shadow":true}}');
    await expect(desk.restore('p-1')).rejects.toMatchObject({ code: 'PANIC_RESTORED' });
  });

  test('what another one goes on standing on although somebody changed its rate is that one’s conflict', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a');
    await desk.panic('p-2', '/a');
    expect(await desk.restore('p-1')).toBe(false);
    desk.fake.foreignSet('{"/a":{"rate":7,"shadow":true}}');
    await expect(desk.restore('p-2')).rejects.toMatchObject({
      kind: 'conflict',
      hint: expect.stringContaining('panic restore p-2 --leave') as string,
    });
    await desk.close('p-2');
    expect((await desk.recorded()).panics.filter(isOpen)).toEqual([]);
  });

  test('what several stand on goes from one to the next, a part at a time', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
    await desk.panic('p-1', '/a', '/b', '/c');
    await desk.panic('p-2', '/a', '/b');
    await desk.panic('p-3', '/b');
    await desk.restore('p-1');
    expect(fieldsOf(desk.document())).toEqual(
      fieldsOf('{"/a":{"rate":1,"shadow":true},"/b":{"rate":2,"shadow":true},"/c":{"rate":3}}'),
    );
    await desk.restore('p-2');
    expect(fieldsOf(desk.document())).toEqual(
      fieldsOf('{"/a":{"rate":1},"/b":{"rate":2,"shadow":true},"/c":{"rate":3}}'),
    );
    await desk.restore('p-3');
    expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
  });

  test('what was put back and let through anew by somebody since is not this one’s to put back', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a');
    await desk.panic('p-2', '/a');
    await desk.restore('p-1');
    desk.fake.foreignSet('{"/a":{"rate":1,"shadow":false}}');
    await desk.panic('p-3', '/a');
    expect(await desk.restore('p-3')).toBe(false);
    await desk.restore('p-2');
    expect(desk.document()).toBe('{"/a":{"rate":1,"shadow":false}}');
  });

  test.each([
    ['a bucket, then everything', ['/a', '/b'], []],
    ['everything, then a bucket', [], ['/a', '/b']],
    ['a route, then the bucket it is of', ['/a'], ['/a', '/b']],
    ['the bucket, then a route of it', ['/a', '/b'], ['/a']],
    ['one that moved in front, then everything', ['/a/b'], []],
  ])('%s: restored in either order, every byte is as before', async (_, first, second) => {
    const text = '{ "/a": {"rate": 1}, "/a/b" :{"rate":2}, "/c":{} }';
    for (const order of [
      ['p-1', 'p-2'],
      ['p-2', 'p-1'],
    ]) {
      const desk = openDesk(text);
      await desk.panic('p-1', ...first);
      await desk.panic('p-2', ...second);
      for (const id of order) await desk.restore(id);
      expect(desk.document()).toBe(text);
    }
  });

  test('leaves what somebody else did elsewhere meanwhile', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a', '/b');
    desk.fake.foreignSet('{"/a":{"rate":1,"shadow":true},"/b":{"shadow":true},"/z":{"rate":9}}');
    await desk.restore('p-1');
    expect(desk.document()).toBe('{"/a":{"rate":1},"/z":{"rate":9}}');
  });

  test('is a conflict where somebody changed a route of it since, and nothing is written', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.panic('p-1', '/a', '/b');
    const theirs = '{"/a":{"rate":7,"shadow":true},"/b":{"shadow":true}}';
    desk.fake.foreignSet(theirs);
    const error = await desk.restore('p-1').catch((each: unknown) => each);
    expect(error).toMatchObject({
      kind: 'conflict',
      details: {
        routes: [
          { route: '/a', base: '{"rate":1,"shadow":true}', theirs: '{"rate":7,"shadow":true}', mine: '{"rate":1}' },
        ],
      },
    });
    expect(desk.document()).toBe(theirs);
  });

  test('a second time is a usage error', async () => {
    const desk = openDesk('{}');
    await desk.panic('p-1', '/a');
    await desk.restore('p-1');
    await expect(desk.restore('p-1')).rejects.toMatchObject({ kind: 'usage', code: 'PANIC_RESTORED' });
  });
});

describe('what is listed', () => {
  const operations = createFakeOperations(() => 5000);
  const kept = {
    id: 'p-f',
    command: 'panic bucket read',
    way: 'flags',
    actor: 'bo',
    reason: null,
    ticket: null,
  } as const;

  test('what the history tells and what is kept beside it, newest first', async () => {
    const desk = openDesk('{}');
    await desk.panic('p-1', '/a');
    const ports = { operations: operations.store(), deadline: desk.ports.deadline };
    await keepPanic(ports, (atMs) => ({ ...kept, atMs, flags: [], restored: null }));
    const all = { ...desk.ports, ...ports };
    expect((await allPanics(all, () => undefined)).panics.map(({ id, way, restored }) => [id, way, restored])).toEqual([
      ['p-f', 'flags', null],
      ['p-1', 'overrides', null],
    ]);
    await keepClosed(ports, { ...kept, atMs: 1, flags: [] }, { actor: 'cy' });
    await desk.restore('p-1');
    expect((await allPanics(all, () => undefined)).panics.map(({ restored }) => restored?.actor)).toEqual([
      'cy',
      'ann@host',
    ]);
  });

  test('where Redis does not answer, its error', async () => {
    const desk = openDesk('{}');
    const ports = { ...desk.ports, operations: operations.store() };
    const down = new RlctlError('unreachable', 'down', { code: 'REDIS_UNREACHABLE' });
    desk.fake.faults.history = down;
    await expect(allPanics(ports, () => undefined)).rejects.toBe(down);
    desk.fake.faults.history = null;
    // What is kept beside the history does not keep anybody from taking back what the history tells.
    await desk.panic('p-1', '/a');
    operations.fault.next = down;
    expect(await allPanics(ports, () => undefined)).toMatchObject({ panics: [{ id: 'p-1' }], failure: down });
  });
});
