import { createDeadline } from '../../src/adapters/system/deadline.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { scanDocument } from '../../src/domain/override/document.js';
import { setOverride } from '../../src/domain/override/edit.js';
import type { OverrideStore } from '../../src/ports/override-store.js';
import { planChange, type ChangeIntent } from '../../src/procedures/override/plan.js';
import { writePlan, type Overtaken, type Written } from '../../src/procedures/override/write.js';

const author = {
  actor: 'writer@trial',
  reason: null,
  ticket: null,
  rlctl: '0.0.0-test',
  environment: 'trial',
};

/** The write of `override set`, from the read on: the procedures and the adapter are the real ones. */
export async function setRate(
  store: OverrideStore,
  route: string,
  ratePerMin: number,
  deadlineMs: number,
): Promise<Written | Overtaken> {
  const intent: ChangeIntent = {
    command: 'override set',
    routes: [route],
    edit: (document) => setOverride(document ?? scanDocument(null), route, { ratePerMin }, { kind: 'auto' }),
    undoes: () => null,
    isForced: false,
    ifRevision: null,
  };
  const deadline = createDeadline(systemClock, deadlineMs, new AbortController().signal);
  const ports = { store, clock: systemClock, randomness: systemRandomness, deadline };
  return writePlan(ports, await planChange(ports, intent), author);
}
