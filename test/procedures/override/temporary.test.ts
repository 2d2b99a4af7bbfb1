import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import type { End } from '../../../src/domain/override/end.js';
import { parseMetadata, type RouteMetadata } from '../../../src/domain/override/metadata.js';
import { replay } from '../../../src/domain/override/replay.js';
import type { WantedEntry } from '../../../src/domain/override/reconcile.js';
import { applyIntent, syncIntent } from '../../../src/procedures/override/declared.js';
import { expireIntent } from '../../../src/procedures/override/expire.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { unsetIntent } from '../../../src/procedures/override/unset.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { undoBy } from '../../support/undo-by.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOverrides, type FakeOverrides } from '../../support/fake-override-store.js';

const author = { actor: 'ann@host', reason: 'r', ticket: null, rlctl: '0', environment: 'test' };
const startMs = Date.parse('2026-11-22T08:00:00Z');

/** A store whose server's time a test moves, and the commands on it. */
function openDesk(document?: string) {
  const time = { nowMs: startMs, changes: 0 };
  const fake: FakeOverrides = createFakeOverrides({
    nowMs: () => time.nowMs,
    ...(document === undefined ? {} : { document }),
  });
  const ports = {
    store: fake.store(),
    clock: { nowMs: () => 0, monotonicMs: () => time.nowMs, sleep: async () => undefined },
    randomness: {
      changeId: () => `c${(time.changes += 1)}`,
      hex: () => '00',
      fraction: () => 0.5,
      bytes: () => Buffer.alloc(8),
    },
    deadline: deadlineIn(600_000),
  };
  const run = async (intent: ChangeIntent): Promise<string | null> => {
    const plan = await planChange(ports, intent);
    if (plan.isNoop) return null;
    const written = await writePlan(ports, plan, author);
    return written.outcome === null ? null : written.changeId;
  };
  return {
    fake,
    time,
    run,
    ports,
    set: (route: string, rate: number, end: End = { kind: 'unsaid' }) => run(setIntent(route, rate, end)),
    unset: (route: string, end: End = { kind: 'permanent' }) => run(unsetIntent(route, end, null)),
    undo: () => run(undoIntent(ports, null, undoBy('ann@host'))),
    expire: async () => {
      const intent = expireIntent();
      const changeId = await run(intent);
      return { changeId, ...intent.found() };
    },
    document: () => Buffer.from(fake.state.bytes ?? '').toString(),
    known: (route: string): RouteMetadata | undefined => parseMetadata(fake.state.metadata).routes.get(route),
  };
}

function setIntent(route: string, rate: number, end: End): ChangeIntent {
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

const inMinutes = (minutes: number): End => ({ kind: 'for', ms: minutes * 60_000 });

describe('a temporary change', () => {
  test('ends in what stood before the first of its kind, whatever came after', async () => {
    const desk = openDesk('{ "/a": {"rate": 1},  "/b":{"rate":2} }');
    await desk.set('/a', 5, inMinutes(10));
    await desk.set('/a', 6, inMinutes(20));
    expect(desk.known('/a')).toMatchObject({
      untilMs: startMs + 20 * 60_000,
      wrote: '{"rate": 6}',
      previous: { value: '{"rate": 1}', previous: null, next: '/b' },
    });
    desk.time.nowMs += 19 * 60_000;
    expect(await desk.expire()).toMatchObject({ changeId: null, ended: [], pending: [{ route: '/a' }] });
    desk.time.nowMs += 60_000;
    expect(await desk.expire()).toMatchObject({ ended: [{ route: '/a' }], pending: [] });
    expect(desk.document()).toBe('{ "/a": {"rate": 1},  "/b":{"rate":2} }');
    expect(desk.known('/a')).toBeUndefined();
    expect((await desk.expire()).changeId).toBeNull();
  });

  test('that removes brings the entry back at its place, with its author', async () => {
    const desk = openDesk();
    const first = await desk.set('/a', 1);
    await desk.set('/b', 2);
    await desk.set('/c', 3);
    const before = desk.document();
    const known = desk.known('/a');
    await desk.unset('/a', inMinutes(10));
    expect(desk.document()).toBe('{"/b":{"rate":2},"/c":{"rate":3}}');
    expect(desk.known('/a')).toMatchObject({ wrote: null, previous: { value: '{"rate":1}', next: '/b' } });
    desk.time.nowMs += 600_000;
    await desk.expire();
    expect(desk.document()).toBe(before);
    expect(desk.known('/a')).toEqual(known);
    expect(known?.changeId).toBe(first);
  });

  test('is cancelled by a permanent one, also of the same value, and undo brings the end back', async () => {
    const desk = openDesk();
    await desk.set('/a', 1, inMinutes(10));
    const temporary = desk.known('/a');
    const bytes = desk.document();
    expect(await desk.set('/a', 1, { kind: 'permanent' })).not.toBeNull();
    expect([desk.document(), desk.known('/a')?.untilMs]).toEqual([bytes, undefined]);
    const back = await planChange(desk.ports, undoIntent(desk.ports, null, undoBy('ann@host')));
    expect(back.remarks).toEqual([`"/a" is to end at ${new Date(startMs + 600_000).toISOString()} again`]);
    await desk.undo();
    expect([desk.document(), desk.known('/a')]).toEqual([bytes, temporary]);
    await desk.set('/a', 9);
    expect(desk.known('/a')?.untilMs).toBeUndefined();
    await desk.undo();
    expect([desk.document(), desk.known('/a')]).toEqual([bytes, temporary]);
    expect(replay(desk.fake.state.entries)).toEqual(Buffer.from(bytes));
  });

  test('is prolonged by the same value with another end; what returns stays the same', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/a', 5, inMinutes(10));
    expect(await desk.set('/a', 5, inMinutes(60))).not.toBeNull();
    desk.time.nowMs += 600_000;
    expect((await desk.expire()).changeId).toBeNull();
    desk.time.nowMs += 3_000_000;
    await desk.expire();
    expect(desk.document()).toBe('{"/a":{"rate":1}}');
  });

  test('of what already stands there for good is none', async () => {
    const desk = openDesk('{"/a":{"rate":5}}');
    const plan = await planChange(desk.ports, setIntent('/a', 5, inMinutes(10)));
    expect([plan.isNoop, plan.remarks]).toEqual([
      true,
      ['what is wanted is already there without an end, so nothing ends'],
    ]);
  });

  test('removing for good what is removed for a while forgets that it was to return', async () => {
    const desk = openDesk('{"/a":{"rate":5}}');
    await desk.unset('/a', inMinutes(10));
    expect(await desk.unset('/a')).not.toBeNull();
    expect(desk.known('/a')).toBeUndefined();
    desk.time.nowMs += 600_000;
    expect((await desk.expire()).changeId).toBeNull();
    expect(desk.document()).toBe('{}');
  });

  test('that was moved returns to its place', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
    await desk.run({
      ...setIntent('/c', 9, inMinutes(10)),
      edit: (document) =>
        setOverride(document ?? scanDocument(null), '/c', { ratePerMin: 9 }, { kind: 'before', prefix: '/a' }),
    });
    expect(desk.document()).toBe('{"/c":{"rate":9},"/a":{"rate":1},"/b":{"rate":2}}');
    await desk.set('/c', 10, inMinutes(5));
    desk.time.nowMs += 600_000;
    await desk.expire();
    expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
  });

  test('that was removed and set again meanwhile returns to its first place', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2}}');
    await desk.unset('/a', inMinutes(5));
    await desk.set('/a', 9, inMinutes(10));
    expect(desk.document()).toBe('{"/b":{"rate":2},"/a":{"rate":9}}');
    desk.time.nowMs += 600_000;
    await desk.expire();
    expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2}}');
  });

  test('the client’s clock has no say: ends are written and applied by the server’s', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    desk.fake.state.clockAheadMs = -3_600_000;
    await desk.set('/a', 5, inMinutes(10));
    expect(desk.known('/a')?.untilMs).toBe(startMs - 3_600_000 + 600_000);
    expect((await desk.expire()).ended).toEqual([]);
    await expect(desk.set('/a', 6, { kind: 'until', atMs: startMs - 3_600_001, text: 'then' })).rejects.toMatchObject({
      code: 'END_PASSED',
    });
    desk.fake.state.clockAheadMs = -3_000_000;
    expect((await desk.expire()).ended).toHaveLength(1);
  });
});

describe('a file and what is temporary', () => {
  const later = new Date(startMs + 600_000).toISOString();
  const entry = (prefix: string, rate: number): WantedEntry => ({ prefix, raw: `{"rate":${rate}}`, isExact: true });
  const apply = (entries: readonly WantedEntry[], end: End): ChangeIntent => ({
    ...applyIntent({ entries, ifRevision: null }),
    end,
  });
  const sync = (entries: readonly WantedEntry[], end: End): ChangeIntent => ({
    ...syncIntent({ entries, ifRevision: null }, { owner: 'own', isPruning: false, isAdopting: false }),
    end,
  });
  const unsaid: End = { kind: 'unsaid' };

  test('a sync that takes an entry over keeps its end, and does not say otherwise', async () => {
    const desk = openDesk();
    await desk.set('/a', 3, inMinutes(10));
    const before = desk.known('/a');
    const intent = sync([entry('/a', 3)], unsaid);
    expect((await planChange(desk.ports, intent)).remarks).toEqual(['from now on "own" manages "/a"']);
    await desk.run(intent);
    expect(desk.known('/a')).toEqual({ ...before, owner: 'own' });
  });

  test('a sync that changes the value says that the end is cancelled, and it is', async () => {
    const desk = openDesk();
    await desk.set('/a', 3, inMinutes(10));
    const intent = sync([entry('/a', 4)], unsaid);
    expect((await planChange(desk.ports, intent)).remarks).toContain(
      `"/a" was to end at ${later}: it does not any more`,
    );
    await desk.run(intent);
    expect(desk.known('/a')?.untilMs).toBeUndefined();
  });

  test.each([
    ['apply', apply],
    ['sync', sync],
  ])('an end that %s says is that of unchanged temporary entries too, and of no permanent one', async (_, by) => {
    const desk = openDesk('{"/b":{"rate":2}}');
    await desk.set('/a', 3, inMinutes(10));
    const previous = desk.known('/a')?.previous;
    const entries = [entry('/b', 2), entry('/a', 3)];
    const bytes = desk.document();
    await desk.run(by(entries, inMinutes(30)));
    expect(desk.known('/a')).toMatchObject({ untilMs: startMs + 1_800_000, previous });
    const again = await planChange(desk.ports, by(entries, { kind: 'until', atMs: startMs + 1_800_000, text: 'T' }));
    expect([again.isNoop, again.remarks]).toEqual([true, []]);
    const kept = apply(entries, unsaid);
    expect((await planChange(desk.ports, kept)).isNoop).toBe(true);
    const forGood = by(entries, { kind: 'permanent' });
    expect((await planChange(desk.ports, forGood)).remarks).toEqual([
      `"/a" was to end at ${new Date(startMs + 1_800_000).toISOString()}: it does not any more`,
    ]);
    await desk.run(forGood);
    expect([desk.document(), desk.known('/a')?.untilMs]).toEqual([bytes, undefined]);
    expect((await planChange(desk.ports, by(entries, inMinutes(5)))).remarks).toEqual([
      'what is wanted is already there without an end, so nothing ends',
    ]);
  });

  test.each([
    ['apply', apply, undefined],
    ['sync', sync, 'own'],
  ])('what %s only moves keeps its end and who set it, unless an end is said', async (_, by, owner) => {
    const desk = openDesk('{"/b":{"rate":2}}');
    await desk.set('/a', 3, inMinutes(10));
    const before = desk.known('/a');
    // Of the two the one that is moved is not for the test to say: whichever it is, the end stays.
    for (const entries of [
      [entry('/a', 3), entry('/b', 2)],
      [entry('/b', 2), entry('/a', 3)],
    ]) {
      const intent = by(entries, unsaid);
      expect((await planChange(desk.ports, intent)).remarks.join()).not.toContain('any more');
      expect(await desk.run(intent)).not.toBeNull();
      expect(desk.known('/a')).toEqual(owner === undefined ? before : { ...before, owner });
    }
    await desk.run(by([entry('/a', 3), entry('/b', 2)], { kind: 'permanent' }));
    expect(desk.known('/a')?.untilMs).toBeUndefined();
  });

  test('what moves and comes to its end returns to its value', async () => {
    const desk = openDesk('{"/b":{"rate":2},"/c":{"rate":2},"/a":{"rate":1}}');
    await desk.set('/a', 3, inMinutes(10));
    await desk.run(apply([entry('/a', 3), entry('/b', 2), entry('/c', 2)], unsaid));
    expect(desk.document()).toBe('{"/a":{"rate":3},"/b":{"rate":2},"/c":{"rate":2}}');
    desk.time.nowMs += 600_000;
    await desk.expire();
    expect(desk.document()).toBe('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":2}}');
  });
});

test('many ends come at once: what was changed, removed and added, the last entries too', async () => {
  const routes = Array.from({ length: 30 }, (_, index) => `/route/${index}/`);
  const before = `{ ${routes.map((route) => `"${route}" : {"rate":1}`).join(',\n  ')} }`;
  const desk = openDesk(before);
  for (const [index, route] of routes.entries()) {
    if (index % 3 === 0) await desk.set(route, 5, inMinutes(10));
    if (index % 3 === 1) await desk.unset(route, inMinutes(10));
  }
  for (const route of ['/new/1/', '/new/2/', '/new/3/']) await desk.set(route, 7, inMinutes(10));
  desk.time.nowMs += 600_000;
  expect((await desk.expire()).ended).toHaveLength(23);
  expect(JSON.parse(desk.document())).toEqual(JSON.parse(before));
  expect(scanDocument(Buffer.from(desk.document())).members.map(({ key }) => key)).toEqual(routes);
  expect(replay(desk.fake.state.entries)).toEqual(Buffer.from(desk.document()));
  expect(parseMetadata(desk.fake.state.metadata).routes.size).toBe(0);
});

describe('what somebody left past rlctl', () => {
  test('in the value: is left alone at the end, and shown three ways', async () => {
    const desk = openDesk('{"/a":{"rate":1},"/b":{"rate":2}}');
    await desk.set('/a', 5, inMinutes(10));
    await desk.set('/b', 6, inMinutes(10));
    desk.fake.foreignSet('{"/a":{"rate":7},"/b":{"rate":6}}');
    desk.time.nowMs += 600_000;
    const { ended, skipped } = await desk.expire();
    expect(ended.map(({ route }) => route)).toEqual(['/b']);
    expect(skipped).toMatchObject([
      { route: '/a', wrote: '{"rate":5}', previous: { value: '{"rate":1}' }, conflict: { found: '{"rate":7}' } },
    ]);
    expect(desk.document()).toBe('{"/a":{"rate":7},"/b":{"rate":2}}');
    // The write noticed it, and says when.
    expect(desk.known('/a')).toMatchObject({ pastMs: desk.time.nowMs, wrote: '{"rate":5}' });
    expect(await desk.expire()).toMatchObject({ changeId: null, skipped: [{ route: '/a' }] });
    await desk.set('/a', 7, { kind: 'permanent' });
    expect(await desk.expire()).toMatchObject({ changeId: null, skipped: [] });
  });

  test('in whitespace only: is the same', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/a', 5, inMinutes(10));
    desk.fake.foreignSet('{\n "/a": { "rate": 5 } }');
    desk.time.nowMs += 600_000;
    await desk.expire();
    expect(desk.document()).toBe('{\n "/a": {"rate":1} }');
  });

  test('where it went: what is known of it is dropped, except what an end owes back', async () => {
    const desk = openDesk();
    for (const route of ['/a', '/b', '/d']) await desk.set(route, 1);
    await desk.set('/b', 2, inMinutes(10));
    await desk.set('/c', 2, inMinutes(10));
    desk.fake.foreignSet('{"/d":{"rate":1}}');
    await desk.set('/e', 1);
    const { routes } = parseMetadata(desk.fake.state.metadata);
    expect([...routes.keys()].sort()).toEqual(['/b', '/d', '/e']);
    desk.time.nowMs += 600_000;
    expect(await desk.expire()).toMatchObject({
      changeId: null,
      skipped: [{ route: '/b', conflict: { found: null } }],
    });
    await desk.unset('/b');
    expect((await desk.expire()).skipped).toEqual([]);
  });

  test('and took back again is as if it had not been', async () => {
    const desk = openDesk();
    await desk.set('/a', 1);
    const left = desk.document();
    desk.fake.foreignSet('{"/a":{"rate":3}}');
    await desk.set('/b', 1);
    expect(desk.known('/a')?.pastMs).toBe(startMs);
    desk.fake.foreignSet(left);
    await desk.set('/c', 1);
    expect(desk.known('/a')).not.toHaveProperty('pastMs');
  });
});

/** What the commands should come to, in as few words as possible. */
interface ModelState {
  readonly entries: readonly (readonly [string, number])[];
  readonly known: Readonly<Record<string, Known>>;
}
interface Known {
  readonly id: string;
  readonly atMs: number;
  readonly end?: {
    readonly atMs: number;
    readonly before: number | null;
    readonly beside: Beside;
    readonly moved: boolean;
    readonly by?: Known | undefined;
  };
}
type Beside = readonly [string | null, string | null];

const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
const rateIn = ({ entries }: ModelState, route: string): number | null =>
  entries.find(([key]) => key === route)?.[1] ?? null;

function besideIn({ entries }: ModelState, route: string): Beside {
  const found = entries.findIndex(([key]) => key === route);
  const index = found === -1 ? entries.length : found;
  return [entries[index - 1]?.[0] ?? null, entries[found === -1 ? index : index + 1]?.[0] ?? null];
}

function put(state: ModelState, route: string, rate: number | null, place?: Beside): ModelState['entries'] {
  if (rate === null) return state.entries.filter(([key]) => key !== route);
  const isThere = rateIn(state, route) !== null;
  const others = state.entries.filter(([key]) => key !== route);
  const [before = -1, after = -1] = (place ?? []).map((key) => others.findIndex(([other]) => other === key));
  // Without anything that it stood beside it stays where it is.
  if (isThere && before < 0 && after < 0) return state.entries.map(([key, old]) => [key, key === route ? rate : old]);
  const index = before >= 0 ? before + 1 : after >= 0 ? after : others.length;
  return others.toSpliced(index, 0, [route, rate]);
}

function changeModel(
  state: ModelState,
  route: string,
  rate: number | null,
  until: number | null,
  id: string,
  atMs: number,
) {
  const [old, now] = [state.known[route], rateIn(state, route)];
  const isSame = now === rate;
  if (isSame && (old?.end === undefined || old.end.atMs === until)) return null;
  const entries = put(state, route, rate);
  if (until === null)
    return { entries, known: rate === null ? without(state.known, route) : { ...state.known, [route]: { id, atMs } } };
  const end = {
    ...(old?.end ?? { before: now, beside: besideIn(state, route), by: now === null ? undefined : old }),
    moved: (old?.end?.moved ?? false) || rate === null,
    atMs: until,
  };
  const isNothing = rate === null && end.before === null;
  return { entries, known: isNothing ? without(state.known, route) : { ...state.known, [route]: { id, atMs, end } } };
}

function expireModel(state: ModelState, nowMs: number): ModelState | null {
  const due = Object.entries(state.known)
    .filter(([, { end }]) => end !== undefined && end.atMs <= nowMs)
    .sort(([, a], [, b]) => b.atMs - a.atMs);
  if (due.length === 0) return null;
  return due.reduce<ModelState>((each, [route, { end }]) => {
    const { before = null, beside, moved = false, by } = end ?? {};
    const isBack = rateIn(each, route) === null || moved;
    const entries = put(each, route, before, isBack ? beside : undefined);
    return { entries, known: by === undefined ? without(each.known, route) : { ...each.known, [route]: by } };
  }, state);
}

type Step =
  | { readonly kind: 'set'; readonly route: string; readonly rate: number; readonly minutes: number | null }
  | { readonly kind: 'unset'; readonly route: string; readonly minutes: number | null }
  | { readonly kind: 'undo' }
  | { readonly kind: 'expire' }
  | { readonly kind: 'wait'; readonly minutes: number };

const route = fc.constantFrom('/a', '/b', '/c', '/d');
const minutes = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 6 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('set' as const), route, rate: fc.integer({ min: 1, max: 3 }), minutes }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('unset' as const), route, minutes }) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'undo' as const }, { kind: 'expire' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 4 }) }) },
);

const projected = ({ fake }: ReturnType<typeof openDesk>): unknown =>
  Object.fromEntries(
    [...parseMetadata(fake.state.metadata).routes].map(([key, { changeId, untilMs, wrote, previous }]) => [
      key,
      {
        changeId,
        untilMs: untilMs ?? null,
        wrote,
        before: previous?.value ?? null,
        by: previous?.by?.changeId ?? null,
      },
    ]),
  );

const valueOf = (rate: number | null): string | null => (rate === null ? null : `{"rate":${rate}}`);
const expected = (state: ModelState): unknown =>
  Object.fromEntries(
    Object.entries(state.known).map(([key, { id, end }]) => [
      key,
      {
        changeId: id,
        untilMs: end?.atMs ?? null,
        wrote: valueOf(rateIn(state, key)),
        before: valueOf(end?.before ?? null),
        by: end?.by?.id ?? null,
      },
    ]),
  );

test('any sequence of temporary and permanent changes, undo and expiry comes to what a simple model says', async () => {
  const sequences = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
    const desk = openDesk();
    const past: ModelState[] = [];
    let model: ModelState = { entries: [], known: {} };
    const accept = (next: ModelState | null): void => {
      if (next === null) return;
      past.push(model);
      model = next;
    };
    for (const each of steps) {
      desk.time.nowMs += 1;
      const { nowMs, changes } = desk.time;
      const id = `c${changes + 1}`;
      if (each.kind === 'wait') desk.time.nowMs += each.minutes * 60_000;
      else if (each.kind === 'expire') {
        await desk.expire();
        accept(expireModel(model, nowMs));
      } else if (each.kind === 'undo') {
        if (past.length === 0) await expect(desk.undo()).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
        else {
          await desk.undo();
          model = past.pop() ?? model;
        }
      } else {
        const rate = each.kind === 'set' ? each.rate : null;
        const end: End = each.minutes === null ? { kind: 'permanent' } : inMinutes(each.minutes);
        await (rate === null ? desk.unset(each.route, end) : desk.set(each.route, rate, end));
        accept(
          changeModel(model, each.route, rate, each.minutes === null ? null : nowMs + each.minutes * 60_000, id, nowMs),
        );
      }
      const bytes = `{${model.entries.map(([key, rate]) => `"${key}":${valueOf(rate)}`).join(',')}}`;
      expect(desk.document() || '{}').toBe(bytes);
      expect(projected(desk)).toEqual(expected(model));
    }
    if (desk.fake.state.entries.length > 0)
      expect(Buffer.from(replay(desk.fake.state.entries) ?? '').toString()).toBe(desk.document());
  });
  await fc.assert(sequences, { seed: 20_261_122, numRuns: 400 });
}, 60_000);
