import type { Incident } from '../../../src/domain/incident/incident.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { replaceDocument, setOverride, unsetOverride } from '../../../src/domain/override/edit.js';
import { undoBy } from '../../support/undo-by.js';
import { expireIntent } from '../../../src/procedures/override/expire.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { restoreIncidentIntent } from '../../../src/procedures/incident/restore.js';
import { startIncident } from '../../../src/procedures/incident/stored.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeOperations } from '../../support/fake-operation-store.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';

/** A Redis in memory whose time a test moves, with an override document, and what operators do to both. */
export function openDesk(document?: string) {
  const time = { nowMs: Date.parse('2026-11-22T08:00:00Z'), changes: 0 };
  const nowMs = (): number => (time.nowMs += 1000);
  const fake = createFakeOverrides({ nowMs, ...(document === undefined ? {} : { document }) });
  const operations = createFakeOperations(nowMs);
  const ports = {
    store: fake.store(),
    operations: operations.store(),
    clock: { nowMs, monotonicMs: () => 0, sleep: async () => undefined },
    randomness: {
      changeId: () => `c${(time.changes += 1)}`,
      hex: (count: number) => String((time.changes += 1)).padStart(count * 2, '0'),
      fraction: () => 0.5,
    },
    deadline: deadlineIn(600_000),
  };
  const run = async (intent: ChangeIntent, actor = 'ann@host'): Promise<string | null> => {
    const plan = await planChange(ports, intent);
    if (plan.isNoop) return null;
    const author = { actor, reason: null, ticket: null, rlctl: '0', environment: 'test' };
    const written = await writePlan(ports, plan, author);
    return written.outcome === null ? null : written.changeId;
  };
  const plain = { routes: [], isForced: false, ifRevision: null, undoes: () => null } as const;
  return {
    fake,
    operations,
    ports,
    time,
    run,
    text: (): string | null => (fake.state.bytes === null ? null : Buffer.from(fake.state.bytes).toString()),
    set: (route: string, ratePerMin: number, untilMs?: number) =>
      run({
        ...plain,
        command: 'override set',
        edit: (now) => setOverride(now ?? scanDocument(null), route, { ratePerMin }),
        ...(untilMs === undefined ? {} : { terms: () => ({ untilMs }) }),
      }),
    unset: (route: string) =>
      run({ ...plain, command: 'override unset', edit: (now) => unsetOverride(now ?? scanDocument(null), route) }),
    replace: (text: string) =>
      run({
        ...plain,
        command: 'override repair',
        isForced: true,
        edit: (now) => replaceDocument(now, Buffer.from(text)),
      }),
    undo: () => run(undoIntent(ports, null, undoBy('ann@host'))),
    expire: () => run(expireIntent()),
    start: (): Promise<Incident> =>
      startIncident(ports, { title: 'slow', ticket: null, environment: 'test', startedBy: 'ann@host', flips: [] }),
    restore: (incident: Incident) => run(restoreIncidentIntent(ports, incident, null), 'bob@host'),
  };
}
