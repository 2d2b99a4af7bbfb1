import { expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { dropPanic, keepClosed, keepPanic, keptPanics } from '../../../src/procedures/panic/keep.js';
import type { OperationStore } from '../../../src/ports/operation-store.js';
import { createFakeOperations } from '../../support/fake-operation-store.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';

const deadline = createFakeDeadline(createFakeClock());
const panic = (id: string) => (atMs: number) => ({
  id,
  command: 'panic bucket read',
  way: 'flags' as const,
  atMs,
  actor: 'ana',
  reason: null,
  ticket: null,
  flags: [],
  restored: null,
});

test('many at once: none is lost', async () => {
  const fake = createFakeOperations(() => 42);
  const ids = Array.from({ length: 8 }, (_, index) => `p-${index}`);
  await Promise.all(ids.map((id) => keepPanic({ operations: fake.store(), deadline }, panic(id))));
  const ports = { operations: fake.store(), deadline };
  expect((await keptPanics(ports)).map(({ id }) => id).toSorted()).toEqual(ids);
  await Promise.all([
    keepClosed(ports, panic('p-3')(1), { actor: 'bo' }),
    dropPanic({ operations: fake.store(), deadline }, 'p-4'),
  ]);
  const left = await keptPanics(ports);
  expect(left).toHaveLength(7);
  expect(left.filter(({ restored }) => restored !== null)).toMatchObject([
    { id: 'p-3', restored: { atMs: 42, actor: 'bo' } },
  ]);
});

test('one that was kept before a run was cut off stays as it was kept', async () => {
  const ports = { operations: createFakeOperations(() => 42).store(), deadline };
  await keepPanic(ports, panic('p-1'));
  await keepPanic(ports, (atMs) => ({ ...panic('p-1')(atMs), actor: 'somebody else' }));
  expect(await keptPanics(ports)).toMatchObject([{ id: 'p-1', actor: 'ana' }]);
});

test('a store that always was changed by somebody else is a conflict, and the loop ends', async () => {
  const stored = { text: null, lease: null, lapsed: null, serverTimeMs: 0 };
  const operations: OperationStore = {
    ...createFakeOperations().store(),
    read: () => Promise.resolve(stored),
    write: () => Promise.resolve({ kind: 'conflict', current: stored }),
  };
  await expect(keepPanic({ operations, deadline }, panic('p-1'))).rejects.toMatchObject({ kind: 'conflict' });
});

test('what the store throws is thrown on', async () => {
  const fake = createFakeOperations();
  const down = new RlctlError('unreachable', 'down', { code: 'REDIS_UNREACHABLE' });
  for (const act of [keptPanics, (ports: Parameters<typeof keptPanics>[0]) => keepPanic(ports, panic('p-1'))]) {
    fake.fault.next = down;
    await expect(act({ operations: fake.store(), deadline })).rejects.toBe(down);
  }
});
