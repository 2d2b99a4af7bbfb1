import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OpenOperation } from '../../../src/domain/operation/open.js';
import type { OperationRef } from '../../../src/domain/operation/reference.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import { undoneIds, type HistoryEntry } from '../../../src/domain/override/history.js';
import type { TakingBack } from '../../../src/procedures/override/behind-last.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { undoOperationIntent } from '../../../src/procedures/override/undo-operation.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';
import { createFakeClock, createFakeRandomness } from '../../support/fake-time.js';
import { undoBy } from '../../support/undo-by.js';

// What `undo` takes back where the last change is itself a take-back: never what somebody else made, and never what is open.

const panic: OperationRef = { kind: 'panic', id: 'p-1' };

function openDesk(document = '{"/x":{"rate":1}}') {
  const fake = createFakeOverrides({ document });
  const ports = {
    store: fake.store(),
    clock: createFakeClock(),
    randomness: createFakeRandomness(),
    deadline: deadlineIn(600_000),
  };
  const run = async (intent: ChangeIntent, actor: string): Promise<void> => {
    const plan = await planChange(ports, intent);
    const author = { actor, reason: null, ticket: null, rlctl: '0', environment: 'test' };
    if (!plan.isNoop) await writePlan(ports, plan, author);
  };
  const undo = (actor: string, more: Partial<TakingBack> = {}): ChangeIntent =>
    undoIntent(ports, null, undoBy(actor, more));
  return {
    fake,
    set: (actor: string, route: string, rate: number, part: OperationRef | null = null) =>
      run(
        {
          command: part === null ? 'override set' : 'panic route',
          routes: [route],
          edit: (now) => setOverride(now ?? scanDocument(null), route, { ratePerMin: rate }),
          undoes: () => null,
          ...(part === null ? {} : { terms: () => ({ partOf: [part] }) }),
          isForced: false,
          ifRevision: null,
        },
        actor,
      ),
    restore: (actor: string) =>
      run(
        undoOperationIntent(ports, {
          command: 'panic restore',
          belongs: ({ body }) => body?.command === 'panic route',
          ifRevision: null,
          what: 'the panic p-1',
          partOf: [panic],
        }),
        actor,
      ),
    undo: (actor: string, more?: Partial<TakingBack>) => run(undo(actor, more), actor),
    /** What it would do, as `--dry-run` computes it. */
    planned: (actor: string, more?: Partial<TakingBack>) => planChange(ports, undo(actor, more)),
    document: () => Buffer.from(fake.state.bytes ?? '').toString(),
    last: (): HistoryEntry | undefined => fake.state.entries.at(-1),
  };
}

const openPanic: OpenOperation = {
  ...panic,
  what: 'route /a',
  state: 'open',
  sinceMs: 0,
  by: 'ann',
  commands: ['rlctl panic restore p-1'],
};

const refusal = async (undone: Promise<unknown>): Promise<RlctlError> => {
  const error: unknown = await undone.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RlctlError)) throw new TypeError(`expected a refusal, got ${String(error)}`);
  return error;
};

describe('undo where the last change took others back', () => {
  test('leaves what somebody else made, planned or not, and says what can be done instead', async () => {
    const desk = openDesk();
    await desk.set('ben', '/keep', 41);
    await desk.set('ann', '/a', 1, panic);
    const panicked = desk.last()?.next.slice(0, 12) ?? '';
    await desk.restore('ann');
    const before = desk.document();
    for (const undone of [desk.planned('ann'), desk.undo('ann')]) {
      const error = await refusal(undone);
      expect(error).toMatchObject({ kind: 'guard', code: 'UNDO_BEHIND_LAST' });
      expect(error.message).toContain('"override set" of "/keep" (change-1, by ben)');
      expect(error.hint).toContain(`rlctl override undo --to ${panicked}`);
      expect(error.hint).toMatch(/that older change all the same: rlctl override undo --to [0-9a-f]{12}$/);
    }
    expect(desk.document()).toBe(before);
  });

  test('whoever made the older change takes it back, and is told that it is not the last', async () => {
    const desk = openDesk();
    await desk.set('ben', '/keep', 41);
    await desk.set('ann', '/a', 1, panic);
    await desk.restore('ann');
    const plan = await desk.planned('ben');
    expect(plan.remarks.join(' ')).toContain(
      'this takes back the one before it that still stands, "override set" (change-1)',
    );
    await desk.undo('ben');
    expect(desk.document()).toBe('{"/x":{"rate":1}}');
  });

  test('the last change itself goes whoever made it', async () => {
    const desk = openDesk();
    await desk.set('ben', '/keep', 41);
    await desk.undo('ann');
    expect(desk.document()).toBe('{"/x":{"rate":1}}');
  });

  test('nothing that is open goes by it, also of its own author, and the way out is named', async () => {
    const desk = openDesk();
    await desk.set('ann', '/a', 1, panic);
    await desk.set('ann', '/b', 2);
    await desk.undo('ann');
    const before = desk.document();
    const operations = async () => ({ open: [openPanic], failures: [] });
    const error = await refusal(desk.undo('ann', { operations }));
    expect([error.code, error.message]).toEqual([
      'UNDO_BEHIND_LAST',
      expect.stringContaining('the panic p-1, which is open'),
    ]);
    expect(error.hint).toContain('rlctl panic restore p-1');
    expect(desk.document()).toBe(before);
    // Closed, or a part of what this undo is a part of: it is one's own like any other.
    await desk.planned('ann');
    await desk.planned('bob', { operations, partOf: [panic] });
  });

  test('where nobody can tell whether it is open, it is refused with the reason', async () => {
    const desk = openDesk();
    await desk.set('ann', '/a', 1, panic);
    await desk.set('ann', '/b', 2);
    await desk.undo('ann');
    const error = new RlctlError('unreachable', 'no answer', { code: 'REDIS_UNREACHABLE' });
    const operations = (kind: OperationRef['kind']) => async () => ({ open: [], failures: [{ kind, error }] });
    expect(await refusal(desk.undo('ann', { operations: operations('panic') }))).toBe(error);
    await desk.planned('ann', { operations: operations('runbook') });
  });

  test('whatever the document came to, only a command that takes nothing else along is offered', async () => {
    const desk = openDesk();
    await desk.set('ben', '/keep', 41);
    await desk.set('ann', '/a', 1, panic);
    await desk.restore('ann');
    desk.fake.state.bytes = Buffer.from('{"/x":{"rate":1},"/keep":{"rate":41},"/new":{"rate":5}}');
    expect((await refusal(desk.undo('ann'))).hint).toBe(
      'To take back that older change all the same: rlctl override unset /keep',
    );
  });
});

test('300 histories of two people: an undo takes back the last change, or one of whoever undoes', async () => {
  const step = fc.record({
    actor: fc.constantFrom('ann', 'ben'),
    act: fc.constantFrom('set', 'set', 'panic', 'undo', 'undo', 'restore'),
    route: fc.constantFrom('/a', '/b', '/c'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const desk = openDesk();
      for (const [index, { actor, act, route }] of steps.entries()) {
        const before = { last: desk.last(), document: desk.document(), entries: desk.fake.state.entries.length };
        if (act === 'set' || act === 'panic') await desk.set(actor, route, index + 1, act === 'set' ? null : panic);
        else {
          const error = await desk[act](actor).then(
            () => null,
            (thrown: unknown) => thrown,
          );
          const after = { last: desk.last(), document: desk.document(), entries: desk.fake.state.entries.length };
          if (error !== null) expect(after).toEqual(before);
          else if (act === 'undo') {
            const [taken = ''] = undoneIds(desk.last()?.body ?? { undoes: null });
            const made = desk.fake.state.entries.find(({ kind, changeId }) => kind === 'change' && changeId === taken);
            expect([taken === before.last?.changeId, made?.body?.actor === actor]).toContain(true);
          }
        }
      }
    }),
    { numRuns: 300, seed: 20_261_122 },
  );
});
