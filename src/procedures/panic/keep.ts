import { RlctlError } from '../../domain/errors.js';
import { keptPanicsText, parseKeptPanics, type KeptPanic } from '../../domain/panic/kept.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationStore } from '../../ports/operation-store.js';

export interface KeepPorts {
  readonly operations: OperationStore;
  readonly deadline: Deadline;
}

const name = 'panic';
/** Two people at once are usual in an emergency, a dozen are not. */
const mostTries = 20;

/** The panics that acted outside the document, newest first. Throws what the store throws. */
export async function keptPanics({ operations, deadline }: KeepPorts): Promise<readonly KeptPanic[]> {
  return parseKeptPanics((await operations.read(name, deadline)).text);
}

/**
 * Keeps a panic before it acts, so that somebody else can take it back whatever becomes of this process. One that was kept
 * before, by a run that was cut off, stays: what it found then is what stood there.
 */
export async function keepPanic(ports: KeepPorts, panicAt: (serverTimeMs: number) => KeptPanic): Promise<void> {
  await change(ports, (panics, nowMs) => {
    const panic = panicAt(nowMs);
    return panics.some(({ id }) => id === panic.id) ? panics : [panic, ...panics];
  });
}

/** Marks a panic as restored. */
export async function keepRestored(ports: KeepPorts, id: string, actor: string): Promise<void> {
  await change(ports, (panics, atMs) =>
    panics.map((each) => (each.id === id ? { ...each, restored: { atMs, actor } } : each)),
  );
}

/** Forgets a panic that did not come to act. */
export async function dropPanic(ports: KeepPorts, id: string): Promise<void> {
  await change(ports, (panics) => panics.filter((each) => each.id !== id));
}

async function change(
  { operations, deadline }: KeepPorts,
  edit: (panics: readonly KeptPanic[], nowMs: number) => readonly KeptPanic[],
): Promise<void> {
  let current = await operations.read(name, deadline);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const next = keptPanicsText(edit(parseKeptPanics(current.text), current.serverTimeMs));
    const outcome = await operations.write(name, { expected: current.text, next, token: null }, deadline);
    if (outcome.kind === 'written') return;
    current = outcome.current;
  }
  throw new RlctlError('conflict', 'the list of panics is being changed by others again and again', {
    code: 'CONFLICT',
    hint: 'See what stands there with: rlctl panic list',
  });
}
