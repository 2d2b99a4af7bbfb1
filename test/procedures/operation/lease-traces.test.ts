import { expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { leavingTraces } from '../../../src/procedures/operation/lease-traces.js';
import type { ProcessTraces } from '../../../src/ports/process-traces.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOperations } from '../../support/fake-operation-store.js';

const deadline = deadlineIn(600_000);
const wanted = (token: string) => ({ holder: 'ann@host', token, ttlMs: 60_000, isForced: false });

/** One machine: what its processes took, and which of them are gone. */
function openMachine(operations: ReturnType<typeof createFakeOperations>) {
  const taken = new Set<string>();
  const gone = new Set<string>();
  const traces: ProcessTraces = {
    isLeft: async (token) => taken.has(token) && gone.has(token),
    leave: async (token) => void taken.add(token),
    remove: async (token) => void taken.delete(token),
  };
  return { taken, gone, traces, process: () => leavingTraces(operations.store(), traces) };
}

test('what a killed process of this machine held is taken at once, and read as run out', async () => {
  const machine = openMachine(createFakeOperations());
  expect(await machine.process().lease('incident', wanted('first'), deadline)).toMatchObject({ kind: 'held' });
  const other = machine.process();
  expect(await other.lease('incident', wanted('second'), deadline)).toMatchObject({ kind: 'taken' });
  machine.gone.add('first');
  const { lease, lapsed, serverTimeMs } = await other.read('incident', deadline);
  expect([lease, lapsed?.token, (lapsed?.untilMs ?? Infinity) <= serverTimeMs]).toEqual([null, 'first', true]);
  expect(await other.lease('incident', wanted('second'), deadline)).toMatchObject({ kind: 'held' });
  expect([...machine.taken]).toEqual(['second']);
  await other.release('incident', 'second', deadline);
  expect([...machine.taken]).toEqual([]);
});

test('what a process of another machine holds is held', async () => {
  const operations = createFakeOperations();
  const [here, there] = [openMachine(operations), openMachine(operations)];
  await there.process().lease('rollout', wanted('theirs'), deadline);
  there.gone.add('theirs');
  expect(await here.process().lease('rollout', wanted('ours'), deadline)).toMatchObject({ kind: 'taken' });
  expect((await here.process().read('rollout', deadline)).lease?.token).toBe('theirs');
});

test('one that has somebody else by now is theirs, though the process that had it before is gone', async () => {
  const operations = createFakeOperations();
  const machine = openMachine(operations);
  await machine.process().lease('rollout', wanted('first'), deadline);
  machine.gone.add('first');
  await operations.store().lease('rollout', { ...wanted('theirs'), isForced: true }, deadline);
  expect(await machine.process().lease('rollout', wanted('ours'), deadline)).toMatchObject({ kind: 'taken' });
});

test('a folder that cannot be written holds nobody up', async () => {
  const refuse = (): Promise<never> =>
    Promise.reject(new RlctlError('usage', 'the folder cannot be written', { code: 'FILE' }));
  const store = leavingTraces(createFakeOperations().store(), { isLeft: refuse, leave: refuse, remove: refuse });
  expect(await store.lease('incident', wanted('ours'), deadline)).toMatchObject({ kind: 'held' });
  expect((await store.read('incident', deadline)).lease?.token).toBe('ours');
  await store.release('incident', 'ours', deadline);
  expect((await store.read('incident', deadline)).lease).toBeNull();
});
