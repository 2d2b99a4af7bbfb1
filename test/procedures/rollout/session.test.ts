import { beforeEach, describe, expect, test } from 'vitest';
import { beginRollout } from '../../../src/domain/rollout/machine.js';
import { openSession, readRollout, type RolloutSession } from '../../../src/procedures/rollout/session.js';
import { threeStages, workOf } from '../../domain/rollout/kit.js';
import { createFakeOperations, type FakeOperations } from '../../support/fake-operation-store.js';
import { createFakeClock, createFakeDeadline, type FakeClock } from '../../support/fake-time.js';

const state = {} as { operations: FakeOperations; clock: FakeClock };
beforeEach(() => {
  state.clock = createFakeClock();
  state.operations = createFakeOperations(() => state.clock.nowMs());
});

const begun = beginRollout(threeStages, { id: 'r-1', reason: null, ticket: null, work: workOf('c0', 1000) });
const changed = { kind: 'changed', atMs: 2000, proof: 'proven' } as const;

function open(holder: string, isTakeOver = false, run: string | null = null): Promise<RolloutSession> {
  const { operations, clock } = state;
  const ports = { operations: operations.store(), clock, deadline: createFakeDeadline(clock, 600_000) };
  const wish = { environment: 'prod', holder, token: `token-of-${holder}`, run, ttlMs: 30_000, isTakeOver };
  return openSession(ports, wish);
}

const read = () =>
  readRollout({ operations: state.operations.store(), deadline: createFakeDeadline(state.clock, 600_000) });

describe('one driver at a time', () => {
  test('a second one is told who drives, until when, and how to take over', async () => {
    const ann = await open('ann');
    await ann.begin(begun);
    await expect(open('bob')).rejects.toMatchObject({
      code: 'ROLLOUT_LOCKED',
      exitCode: 5,
      message: expect.stringContaining(
        'ann drives the rollout on "prod", until 2026-11-21T10:00:30.000Z (in 30s)',
      ) as string,
      hint: expect.stringContaining('--take-over') as string,
    });
  });

  test('whoever was taken over from writes nothing more, and cannot renew', async () => {
    const ann = await open('ann');
    await ann.begin(begun);
    const bob = await open('bob', true);
    expect(bob.state?.notes.at(-1)).toMatchObject({ by: 'bob', text: 'took over from ann' });
    const kept = state.operations.texts.get('rollout');
    await expect(ann.apply(changed)).rejects.toMatchObject({ code: 'ROLLOUT_LEASE_LOST', exitCode: 5 });
    await expect(ann.renew()).rejects.toMatchObject({ code: 'ROLLOUT_LEASE_LOST' });
    await ann.release();
    expect(state.operations.texts.get('rollout')).toBe(kept);
    expect((await read()).lease).toMatchObject({ holder: 'bob' });
    expect((await bob.apply(changed))?.phase).toBe('watching');
  });

  test('a lease that ran out is anybody’s, and its holder is told of', async () => {
    await (await open('ann')).begin(begun);
    state.clock.advance(31_000);
    expect(await read()).toMatchObject({ lease: null, lapsed: { holder: 'ann' } });
    const bob = await open('bob');
    expect(bob.state?.notes.map(({ text }) => text)).not.toContain('took over from ann');
  });

  test('a machine that slept past its lease goes on where nobody came in between', async () => {
    const ann = await open('ann');
    await ann.begin(begun);
    state.clock.advance(31_000);
    expect((await ann.apply(changed))?.phase).toBe('watching');
    state.clock.advance(31_000);
    await open('bob');
    await expect(ann.apply({ kind: 'paused', atMs: 3000, by: 'ann', why: '' })).rejects.toMatchObject({
      code: 'ROLLOUT_LEASE_LOST',
    });
  });

  test('a later process of the same run goes on at once, and the one before writes nothing more', async () => {
    const before = await open('ann', false, 'run-1');
    await before.begin(begun);
    await expect(open('ann')).rejects.toMatchObject({ code: 'ROLLOUT_LOCKED' });
    await expect(open('bob', false, 'run-2')).rejects.toMatchObject({ code: 'ROLLOUT_LOCKED' });
    const later = await open('bob', false, 'run-1');
    expect(later.state?.notes.at(-1)).toMatchObject({ by: 'bob', text: 'took over from ann' });
    await expect(before.apply(changed)).rejects.toMatchObject({ code: 'ROLLOUT_LEASE_LOST' });
    expect((await later.apply(changed))?.phase).toBe('watching');
  });

  test('a run does not take back what somebody took over from it', async () => {
    await (await open('ann', false, 'run-1')).begin(begun);
    await open('bob', true);
    await expect(open('ann', false, 'run-1')).rejects.toMatchObject({
      code: 'ROLLOUT_LOCKED',
      message: expect.stringContaining('bob drives the rollout') as string,
    });
  });

  test('a lease that is given back leaves the rollout', async () => {
    const ann = await open('ann');
    await ann.begin(begun);
    await ann.release();
    expect(await read()).toMatchObject({ lease: null, lapsed: null, state: { id: 'r-1' } });
  });
});

test('a first stage that was refused leaves nothing', async () => {
  const ann = await open('ann');
  await ann.begin(begun);
  expect(await ann.apply({ kind: 'notChanged', atMs: 2000, why: 'a guard' })).toBeNull();
  expect((await read()).state).toBeNull();
});

test('several events are one write, or none', async () => {
  const ann = await open('ann');
  await ann.begin(begun);
  const kept = state.operations.texts.get('rollout');
  const resumed = { kind: 'resumed', atMs: 3000, by: 'ann' } as const;
  await expect(ann.apply(changed, resumed)).rejects.toThrow('cannot be resumed');
  expect(state.operations.texts.get('rollout')).toBe(kept);
});

test('what another version keeps is neither read nor overwritten', async () => {
  state.operations.texts.set('rollout', '{"v":2}');
  await expect(read()).rejects.toMatchObject({ code: 'ROLLOUT_UNREADABLE', exitCode: 6 });
  await expect(open('ann')).rejects.toMatchObject({ code: 'ROLLOUT_UNREADABLE' });
  expect(state.operations.texts.get('rollout')).toBe('{"v":2}');
});
