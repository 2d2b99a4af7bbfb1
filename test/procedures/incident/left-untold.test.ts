import { expect, test } from 'vitest';
import { openIncidentName, type Incident } from '../../../src/domain/incident/incident.js';
import { leftUntold } from '../../../src/procedures/incident/left-untold.js';
import { closeIncident, putAway } from '../../../src/procedures/incident/stored.js';
import { createFakeClock } from '../../support/fake-time.js';
import { openDesk } from './desk.js';

/** An incident that bob has ended, and of which he is still telling others. */
async function telling() {
  const desk = openDesk();
  const { ports } = desk;
  const { id } = await desk.start();
  const bob = { holder: 'bob@host', token: 'his', ttlMs: 600_000, isForced: false };
  await ports.operations.lease(openIncidentName, bob, ports.deadline);
  const untold = { reason: null, ticket: null };
  const said = {
    by: 'bob@host',
    outcome: 'kept' as const,
    changeId: null,
    verdict: null,
    flags: [],
    flips: [],
    untold,
  };
  const stored = await ports.store.read(ports.deadline);
  const ended = await closeIncident(ports, { id, token: 'his' }, said, stored);
  const fake = createFakeClock();
  const state = { slept: 0 };
  /** A clock by which something happens after so many sleeps. */
  const clockWith = (after: number, act: () => Promise<void>) => ({
    ...fake,
    sleep: async (ms: number) => {
      fake.advance(ms);
      state.slept += 1;
      if (state.slept === after) await act();
    },
  });
  const left = (after: number, act: () => Promise<void>): Promise<Incident | null> =>
    leftUntold({ ...ports, clock: clockWith(after, act) });
  const letGo = (): Promise<void> => ports.operations.release(openIncidentName, 'his', ports.deadline);
  return { desk, ended, state, left, letGo };
}

test('whoever is telling of an end is waited for, and nothing is left to be told then', async () => {
  const { desk, ended, left, letGo, state } = await telling();
  const told = left(3, async () => {
    await putAway(desk.ports, ended);
    await letGo();
  });
  expect(await told).toBeNull();
  expect(state.slept).toBe(3);
});

test('where they let go of it untold, it is left at once', async () => {
  const { ended, left, letGo, state } = await telling();
  expect(await left(2, letGo)).toEqual(ended);
  expect(state.slept).toBe(2);
});

test('who takes longer is not relied on', async () => {
  const { ended, left, state } = await telling();
  expect(await left(Infinity, () => Promise.resolve())).toEqual(ended);
  expect(state.slept).toBe(12);
});

test('where nobody holds it, nobody is waited for', async () => {
  const { ended, left, letGo, state } = await telling();
  await letGo();
  expect(await left(Infinity, letGo)).toEqual(ended);
  expect(state.slept).toBe(0);
});
