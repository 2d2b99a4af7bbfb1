import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { parseMetadata } from '../../../src/domain/override/metadata.js';
import { readStory } from '../../../src/procedures/incident/report.js';
import { recordedChanges } from '../../../src/procedures/override/history.js';
import { planChange } from '../../../src/procedures/override/plan.js';
import { restoreIncidentIntent } from '../../../src/procedures/incident/restore.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { openDesk } from './desk.js';

type Desk = ReturnType<typeof openDesk>;

const failing = async (act: Promise<unknown>): Promise<RlctlError> => {
  const error = await act.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (error instanceof RlctlError) return error;
  throw new Error(`it did not fail as expected: ${String(error)}`);
};

describe('the end of an incident takes back exactly what was done in it', () => {
  test('changes before the start stay; one change, which names all that it takes back', async () => {
    const desk = openDesk('{"/old":{"rate":1}}');
    await desk.set('/before', 5);
    const before = desk.text();
    const incident = await desk.start();
    const first = await desk.set('/before', 50);
    const second = await desk.set('/during', 7);
    await desk.unset('/old');
    const id = await desk.restore(incident);
    expect(desk.text()).toBe(before);
    const entry = desk.fake.state.entries.at(-1);
    expect(entry).toMatchObject({ changeId: id, body: { command: 'incident end', actor: 'bob@host' } });
    expect(entry?.body?.partOf).toEqual([{ kind: 'incident', id: incident.id }]);
    expect([entry?.body?.undoes, ...(entry?.body?.alsoUndoes ?? [])]).toEqual(expect.arrayContaining([first, second]));
    // Whoever set it before the start is its author again.
    expect(parseMetadata(desk.fake.state.metadata).routes.get('/before')).toMatchObject({ wrote: '{"rate":5}' });
  });

  test('what was written past rlctl goes as well, also where no entry has noticed it yet', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/b', 2);
    const before = desk.text();
    const incident = await desk.start();
    desk.fake.foreignSet('{"/foreign":{"rate":9},"/b":{"rate":3}}');
    await desk.set('/c', 4);
    desk.fake.foreignSet('{}');
    await desk.restore(incident);
    expect(desk.text()).toBe(before);
  });

  test.each([
    ['a foreign change of before the start that no entry keeps', '{"/theirs":{"rate":8}}'],
    ['no history at all', null],
  ])('%s is where it goes back to', async (_, foreign) => {
    const desk = openDesk('{"/first":{"rate":1}}');
    if (foreign !== null) {
      await desk.set('/a', 1);
      desk.fake.foreignSet(foreign);
    }
    const before = desk.text();
    const incident = await desk.start();
    desk.fake.foreignSet('{"/during":{"rate":2}}');
    await desk.set('/b', 4);
    await desk.restore(incident);
    expect(desk.text()).toBe(before);
  });

  test('an undo of what stood before the start is taken back too; one of what was done since cancels it', async () => {
    const desk = openDesk();
    await desk.set('/before', 1);
    const before = desk.text();
    const incident = await desk.start();
    await desk.set('/during', 2);
    await desk.undo();
    await desk.undo();
    expect(desk.text()).toBe('{}');
    await desk.restore(incident);
    expect(desk.text()).toBe(before);
  });

  test('nothing left to take back writes nothing', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const incident = await desk.start();
    expect(await desk.restore(incident)).toBeNull();
    await desk.set('/b', 2);
    await desk.undo();
    const entries = desk.fake.state.entries.length;
    expect(await desk.restore(incident)).toBeNull();
    expect(desk.fake.state.entries).toHaveLength(entries);
  });

  test('what ended by itself meanwhile stays ended', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/a', 100, desk.time.nowMs + 60_000);
    const incident = await desk.start();
    await desk.set('/b', 2);
    desk.time.nowMs += 120_000;
    await desk.expire();
    await desk.set('/c', 3);
    await desk.restore(incident);
    expect(desk.text()).toBe('{"/a":{"rate":1}}');
  });

  test('what ended by itself before is not said to be taken back, neither by the story nor by the history', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const incident = await desk.start();
    const set = await desk.set('/tmp', 5, desk.time.nowMs + 60_000);
    const kept = await desk.set('/b', 2);
    desk.time.nowMs += 120_000;
    const expired = await desk.expire();
    const again = await desk.set('/b', 3);
    const end = await desk.restore(incident);
    const reach = { flags: null, killSwitch: null, machine: 'here', config: null, environments: [] };
    const known = { flips: [], deeds: [], reach, verdicts: new Map() };
    const { timeline } = await readStory(desk.ports, incident, known);
    const told = timeline.flatMap((each) => (each.kind === 'change' ? [[each.changeId, each.takenBackBy]] : []));
    const byId = [
      [set, null],
      [kept, end],
      [expired, null],
      [again, end],
      [end, null],
    ];
    expect(told).toEqual(byId);
    const { changes } = await recordedChanges(
      desk.ports,
      { limit: 10, changeId: null, route: null },
      { lastReload: async () => null },
    );
    const recorded = changes.toReversed().filter(({ entry }) => entry.kind === 'change');
    expect(recorded.map(({ entry, undoneBy }) => [entry.changeId, undoneBy])).toEqual(byId);
    expect(new Set(changes[0]?.takesBack)).toEqual(new Set([kept, again]));
    // It is over all the same: there is nothing left for an undo.
    expect((await failing(desk.undo())).code).toBe('NOTHING_TO_UNDO');
  });

  test('of a route that came to nothing and was set once more, only the last is taken back', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const incident = await desk.start();
    await desk.set('/tmp', 5);
    await desk.unset('/tmp');
    const last = await desk.set('/tmp', 7);
    const end = await desk.restore(incident);
    const { changes } = await recordedChanges(
      desk.ports,
      { limit: 10, changeId: null, route: null },
      { lastReload: async () => null },
    );
    expect(changes.map(({ entry, undoneBy }) => [entry.changeId, undoneBy]).filter(([, by]) => by !== null)).toEqual([
      [last, end],
    ]);
  });

  test('a document that could not be read for a while, and was repaired', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/b', 2);
    const before = desk.text();
    const incident = await desk.start();
    await desk.set('/c', 3);
    desk.fake.foreignSet('{broken');
    await desk.replace('{"/rescue":{}}');
    await desk.set('/d', 4);
    await desk.restore(incident);
    expect(desk.text()).toBe(before);
  });

  test('once more after it was restored: nothing to write', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const incident = await desk.start();
    await desk.set('/a', 2);
    await desk.restore(incident);
    expect(await desk.restore(incident)).toBeNull();
    await desk.set('/later', 2);
    await desk.restore(incident);
    expect(desk.text()).toBe('{"/a":{"rate":1}}');
  });

  test('what somebody does between the question and the write is a conflict, and nothing is written; then it works', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const incident = await desk.start();
    await desk.set('/a', 2);
    const author = { actor: 'bob@host', reason: null, ticket: null, rlctl: '0', environment: 'test' };
    const asked = await planChange(desk.ports, restoreIncidentIntent(desk.ports, incident, null));
    await desk.set('/other', 3);
    const now = desk.text();
    const error = await failing(writePlan(desk.ports, asked, author));
    expect(error).toMatchObject({ kind: 'conflict', code: 'CONFLICT', details: { routes: [{ route: '/other' }] } });
    expect(desk.text()).toBe(now);
    const again = await planChange(desk.ports, restoreIncidentIntent(desk.ports, incident, null));
    desk.fake.foreignSet('{"/a":{"rate":77},"/other":{"rate":3}}');
    expect(await failing(writePlan(desk.ports, again, author))).toMatchObject({ kind: 'conflict', code: 'CONFLICT' });
    await desk.restore(incident);
    expect(desk.text()).toBe('{"/a":{"rate":1}}');
  });

  test('what began and ended by itself within it goes back to what stood before that, with its own end', async () => {
    const desk = openDesk('{"/t":{"rate":1},"/u":{"rate":1}}');
    await desk.set('/t', 2, desk.time.nowMs + 3_600_000);
    await desk.set('/u', 2, desk.time.nowMs + 90_000);
    const incident = await desk.start();
    await desk.set('/t', 3, desk.time.nowMs + 60_000);
    desk.time.nowMs += 120_000;
    await desk.expire();
    expect(desk.text()).toBe('{"/t":{"rate":1},"/u":{"rate":1}}');
    await desk.restore(incident);
    expect(desk.text()).toBe('{"/t":{"rate":2},"/u":{"rate":1}}');
    expect(parseMetadata(desk.fake.state.metadata).routes.get('/t')?.untilMs).toBeDefined();
  });

  test('a document that was replaced as a whole, and changed by its own end since', async () => {
    const desk = openDesk('{"/t":{"rate":1}}');
    await desk.set('/t', 2, desk.time.nowMs + 30_000);
    const incident = await desk.start();
    await desk.replace('{"/t":{"rate":2},"/x":{"rate":5}}');
    desk.time.nowMs += 60_000;
    await desk.expire();
    expect(desk.text()).toBe('{"/t":{"rate":1},"/x":{"rate":5}}');
    await desk.restore(incident);
    expect(desk.text()).toBe('{"/t":{"rate":1}}');
  });

  test('what cannot be told any more is a conflict, and nothing is written', async () => {
    const desk = openDesk('{"/t":{"rate":1}}');
    await desk.set('/a', 1);
    desk.fake.foreignSet('{"/theirs":{"rate":1}}');
    const started = await desk.start();
    // As where it was too large to be kept.
    const incident = { ...started, start: { ...started.start, document: null } };
    desk.fake.foreignSet('{"/theirs":{"rate":2}}');
    await desk.set('/b', 2);
    const now = desk.text();
    const error = await failing(desk.restore(incident));
    expect(error).toMatchObject({ kind: 'conflict', code: 'UNDO_CONFLICT' });
    expect(error.message).toContain('nothing was written');
    expect(desk.text()).toBe(now);
  });

  test('a history that does not reach back to the start is refused, whole', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    await desk.set('/z', 1);
    const incident = await desk.start();
    await desk.set('/b', 2);
    await desk.set('/c', 3);
    const cut = desk.fake.state.entries.splice(0, desk.fake.state.entries.length - 1);
    expect(cut.length).toBeGreaterThan(1);
    expect(await failing(desk.restore(incident))).toMatchObject({ kind: 'guard', code: 'HISTORY_CUT' });
  });
});

/** Anything that operators and others do. */
const deed = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    route: fc.integer({ min: 0, max: 5 }),
    rate: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ kind: fc.constant('unset' as const), route: fc.integer({ min: 0, max: 5 }) }),
  fc.record({
    kind: fc.constant('while' as const),
    route: fc.integer({ min: 0, max: 5 }),
    rate: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ kind: fc.constant('expire' as const) }),
  fc.record({ kind: fc.constant('undo' as const) }),
  fc.record({
    kind: fc.constant('replace' as const),
    routes: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('foreign' as const),
    routes: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
  }),
);

async function act(desk: Desk, each: typeof deed extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const written = (routes: readonly number[]): string =>
    `{${routes.map((n) => `"/r${n}":{"rate":${n + 20}}`).join(',')}}`;
  if (each.kind === 'set') await desk.set(`/r${each.route}`, each.rate);
  else if (each.kind === 'while') await desk.set(`/r${each.route}`, each.rate, desk.time.nowMs + 60_000);
  else if (each.kind === 'expire') {
    desk.time.nowMs += 120_000;
    await desk.expire();
  } else if (each.kind === 'unset') await desk.unset(`/r${each.route}`);
  else if (each.kind === 'replace') await desk.replace(written(each.routes));
  else if (each.kind === 'foreign') desk.fake.foreignSet(written(each.routes));
  // What cannot be undone, because somebody changed it since, stays.
  else await desk.undo().catch(() => null);
}

test('whatever was done before, and whatever since: the document is what it was at the start, to the byte', async () => {
  const deeds = fc.array(deed, { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(deeds, deeds, async (earlier, since) => {
      const desk = openDesk('{"/r0":{"rate":1}}');
      // What was to end anyway does not come back: nothing of the kind stands at the start.
      for (const each of earlier) if (each.kind !== 'while') await act(desk, each);
      const before = desk.text();
      const incident = await desk.start();
      for (const each of since) await act(desk, each);
      await desk.restore(incident);
      expect(desk.text()).toBe(before);
    }),
    { seed: 20261121, numRuns: 400 },
  );
});
