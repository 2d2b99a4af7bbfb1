import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { endedName, openIncidentName, type Incident } from '../../../src/domain/incident/incident.js';
import {
  addNote,
  closeIncident,
  findIncident,
  incidentNow,
  listIncidents,
  openIncident,
  startIncident,
  theOpenIncident,
} from '../../../src/procedures/incident/stored.js';
import { openDesk } from './desk.js';

const ending = { by: 'bob@host', outcome: 'kept' as const, changeId: null, verdict: null, flags: [], flips: [] };
const wanted = { title: 'other', ticket: null, environment: 'test', startedBy: 'eve@host', flips: [] };

async function failing(act: Promise<unknown>): Promise<RlctlError> {
  return act.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => (error instanceof RlctlError ? error : expect.fail(String(error))),
  );
}

type Desk = ReturnType<typeof openDesk>;

async function close({ ports }: Desk, id: string, token: string): Promise<Incident> {
  const stored = await ports.store.read(ports.deadline);
  return closeIncident(ports, { id, token }, ending, stored);
}

async function end(desk: Desk, id: string, token = 'token'): Promise<void> {
  await desk.ports.operations.lease(
    'incident',
    { holder: 'bob', token, ttlMs: 60_000, isForced: false },
    desk.ports.deadline,
  );
  await close(desk, id, token);
  await desk.ports.operations.release('incident', token, desk.ports.deadline);
}

describe('one incident at a time', () => {
  test('a second start is a conflict that names the first, its holder and since when', async () => {
    const desk = openDesk();
    const first = await desk.start();
    const error = await failing(startIncident(desk.ports, wanted));
    expect(error).toMatchObject({ kind: 'conflict', code: 'INCIDENT_OPEN', exitCode: 5 });
    expect(error.message).toContain(first.id);
    expect(error.message).toContain('ann@host');
    expect(error.details).toMatchObject({ id: first.id, holder: 'ann@host' });
    expect(await openIncident(desk.ports)).toEqual(first);
  });

  test('one read tells the open one, and who is ending it', async () => {
    const desk = openDesk();
    const { operations, deadline } = desk.ports;
    expect(await incidentNow(desk.ports)).toEqual({ open: null, untold: null, lease: null });
    const open = await desk.start();
    const bob = { holder: 'bob@host', token: 'token', ttlMs: 60_000, isForced: false };
    await operations.lease(openIncidentName, bob, deadline);
    const asked: string[] = [];
    const read: typeof operations.read = (name, within) => {
      asked.push(name);
      return operations.read(name, within);
    };
    const now = await incidentNow({ operations: { ...operations, read }, deadline });
    expect(now).toMatchObject({ open, untold: null, lease: { holder: 'bob@host' } });
    expect(asked).toEqual([openIncidentName]);
  });

  test('of two who start at once one does', async () => {
    const desk = openDesk();
    const ends = await Promise.allSettled([startIncident(desk.ports, wanted), startIncident(desk.ports, wanted)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('an ended one is kept under its id, and the next may start', async () => {
    const desk = openDesk();
    const first = await desk.start();
    await end(desk, first.id);
    expect(await openIncident(desk.ports)).toBeNull();
    const second = await desk.start();
    expect(await findIncident(desk.ports, first.id)).toMatchObject({ id: first.id, end: { by: 'bob@host' } });
    expect(await findIncident(desk.ports, null)).toEqual(second);
    expect((await listIncidents(desk.ports)).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(await failing(findIncident(desk.ports, 'i-ffffffff'))).toMatchObject({ code: 'INCIDENT_MISSING' });
  });

  test('one whose end was recorded and not yet put away is not open, and is put away by the next start', async () => {
    const desk = openDesk();
    const first = await desk.start();
    await end(desk, first.id);
    const { texts } = desk.operations;
    texts.set(openIncidentName, texts.get(endedName(first.id)) ?? '');
    texts.delete(endedName(first.id));
    expect(await openIncident(desk.ports)).toBeNull();
    expect(await failing(theOpenIncident(desk.ports))).toMatchObject({ kind: 'usage', code: 'NO_INCIDENT' });
    expect(await findIncident(desk.ports, first.id)).toMatchObject({ id: first.id });
    await desk.start();
    expect(texts.has(endedName(first.id))).toBe(true);
  });
});

test('whoever was killed in ending one does not hold up the end of the next', async () => {
  const desk = openDesk();
  const { operations, deadline } = desk.ports;
  const lease = (token: string) =>
    operations.lease('incident', { holder: 'bob', token, ttlMs: 600_000, isForced: false }, deadline);
  const first = await desk.start();
  await lease('dead');
  await close(desk, first.id, 'dead');
  expect(await lease('next')).toMatchObject({ kind: 'taken' });
  const second = await desk.start();
  expect(await lease('next')).toMatchObject({ kind: 'held' });
  expect(await failing(startIncident(desk.ports, wanted))).toMatchObject({ code: 'INCIDENT_OPEN' });
  expect(await close(desk, second.id, 'next')).toMatchObject({ id: second.id, end: { by: 'bob@host' } });
});

describe('notes', () => {
  test('of many operators at once are all kept, with author and time, in order', async () => {
    const desk = openDesk();
    await desk.start();
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => addNote(desk.ports, { actor: `op${index}`, text: `n${index}` })),
    );
    const { notes } = await theOpenIncident(desk.ports);
    expect(notes.map(({ actor }) => actor).sort()).toEqual(Array.from({ length: 10 }, (_, index) => `op${index}`));
    expect(notes.map(({ atMs }) => atMs)).toEqual(notes.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  });

  test('want an open incident, and are not lost by an end that comes between', async () => {
    const desk = openDesk();
    expect(await failing(addNote(desk.ports, { actor: 'a', text: 't' }))).toMatchObject({
      kind: 'usage',
      code: 'NO_INCIDENT',
    });
    const { id } = await desk.start();
    const [noted] = await Promise.allSettled([addNote(desk.ports, { actor: 'a', text: 'during' }), end(desk, id)]);
    expect((await findIncident(desk.ports, id)).notes).toHaveLength(noted.status === 'fulfilled' ? 1 : 0);
  });
});

describe('the end', () => {
  test('wants the lease, and an incident that is still the same one', async () => {
    const desk = openDesk();
    const first = await desk.start();
    await desk.ports.operations.lease(
      'incident',
      { holder: 'eve', token: 'hers', ttlMs: 600_000, isForced: false },
      desk.ports.deadline,
    );
    const error = await failing(close(desk, first.id, 'mine'));
    expect(error).toMatchObject({ kind: 'conflict', code: 'INCIDENT_ENDING' });
    expect(error.message).toContain('eve');
    await close(desk, first.id, 'hers');
    expect(await failing(close(desk, first.id, 'hers'))).toMatchObject({
      kind: 'conflict',
      code: 'INCIDENT_ENDED',
    });
    await desk.start();
    expect(await failing(close(desk, first.id, 'hers'))).toMatchObject({
      kind: 'conflict',
      code: 'INCIDENT_ENDED',
    });
  });

  test('keeps its place in the stream, and a document that nobody recorded is kept with the start', async () => {
    const desk = openDesk('{"/a":{"rate":1}}');
    const fresh = await desk.start();
    expect(fresh.start).toMatchObject({ entryId: null, sequence: 0, document: '{"/a":{"rate":1}}' });
    await desk.set('/b', 2);
    await end(desk, fresh.id);
    const { end: place } = await findIncident(desk.ports, fresh.id);
    expect(place).toMatchObject({ sequence: 2, entryId: desk.fake.state.entries.at(-1)?.entryId });
    expect((await desk.start()).start.document).toBeNull();
  });
});
