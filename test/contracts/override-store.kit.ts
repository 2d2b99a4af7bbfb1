import { systemClock } from '../../src/adapters/system/clock.js';
import { createDeadline } from '../../src/adapters/system/deadline.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { createOverrideStore, type RedisSettings } from '../../src/adapters/redis/override-store.js';
import { Secret } from '../../src/domain/secret.js';
import type { HistoryBody } from '../../src/domain/override/history.js';
import type { Deadline } from '../../src/ports/deadline.js';
import type { OverrideStore, OverrideWrite, StoredOverrides } from '../../src/ports/override-store.js';

export const ports = { clock: systemClock, randomness: systemRandomness };

/** A deadline from now; `interrupt` stands for Ctrl-C. */
export function deadlineIn(ms: number, interrupt: AbortSignal = new AbortController().signal): Deadline {
  return createDeadline(systemClock, ms, interrupt);
}

/** The real store on a URL, with the system's clock. */
export function storeAt(url: string, settings: Partial<Omit<RedisSettings, 'url'>> = {}): OverrideStore {
  return createOverrideStore({ namespace: 'test', ...settings, url: new Secret(url) }, ports);
}

export const emptyBody: HistoryBody = {
  v: 1,
  command: 'override set',
  actor: 'tester@host',
  reason: null,
  ticket: null,
  rlctl: '0.0.0',
  environment: 'test',
  undoes: null,
  routes: [],
  splices: [],
};

/** A write from what was read to `next`; every part can be overridden. */
export function writeOf(from: StoredOverrides, next: string, parts: Partial<OverrideWrite> = {}): OverrideWrite {
  return {
    changeId: systemRandomness.changeId(),
    expected: from.bytes,
    expectedMetadata: from.metadata,
    next: Buffer.from(next),
    nextMetadata: from.metadata,
    body: emptyBody,
    fenceMs: from.serverTimeMs + 5000,
    replaceWrongType: false,
    requiredReplicas: 0,
    ...parts,
  };
}

export function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}
