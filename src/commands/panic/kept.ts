import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { KeptFlag } from '../../domain/panic/kept.js';
import type { Panic } from '../../domain/panic/panics.js';
import { panicCommand } from '../../domain/panic/target.js';
import { dropPanic, keepPanic, keepRestored, type KeepPorts } from '../../procedures/panic/keep.js';
import { allPanics } from '../../procedures/panic/panics.js';
import type { NamedPanic } from './input.js';

// What the override history cannot tell of a panic is kept in Redis, so that a colleague on another machine can take it back.

/** Every panic that is recorded, newest first; what cannot be read of them is said. */
export async function panicsOf(context: Context, environment: Environment): Promise<readonly Panic[]> {
  const store = await context.store(environment);
  const operations = await context.operationStore(environment);
  const { panics, failure } = await allPanics({ store, operations, deadline: context.deadline });
  if (failure !== null) await context.note(`panics by flags or by a kill switch are not known: ${failure.message}`);
  return panics;
}

/** Those that nobody has restored, the newest first. */
export async function openPanics(context: Context, environment: Environment): Promise<readonly Panic[]> {
  return (await panicsOf(context, environment)).filter(({ restored }) => restored === null);
}

/** `null`: no Redis is configured. */
export async function keepPorts(context: Context, environment: Environment): Promise<KeepPorts | null> {
  if (environment.redis === null || environment.namespace === null) return null;
  return { operations: await context.operationStore(environment), deadline: context.deadline };
}

/**
 * Keeps a panic before it acts; false: it could not be kept. An emergency does not wait for a Redis that is away: then that
 * is said.
 */
export async function keepActing(
  context: Context,
  environment: Environment,
  { id, target, mutation: { reason, ticket } }: NamedPanic,
  acts: { readonly way: 'flags' | 'kill-switch'; readonly flags: readonly KeptFlag[] },
): Promise<boolean> {
  const actor = await context.actor();
  const panic = { id, command: panicCommand(target), ...acts, actor, reason, ticket, restored: null };
  return quietly(context, environment, 'only this machine knows how to take this panic back', (ports) =>
    keepPanic(ports, (atMs) => ({ ...panic, atMs })),
  );
}

/** What failed before it changed anything is no panic. */
export async function forgetUnacted(context: Context, environment: Environment, id: string): Promise<void> {
  await quietly(context, environment, `the panic ${id} goes on being listed`, (ports) => dropPanic(ports, id));
}

export async function keepDone(context: Context, environment: Environment, id: string): Promise<void> {
  const actor = await context.actor();
  await quietly(context, environment, `the panic ${id} goes on being listed as open`, (ports) =>
    keepRestored(ports, id, actor),
  );
}

async function quietly(
  context: Context,
  environment: Environment,
  consequence: string,
  keep: (ports: KeepPorts) => Promise<void>,
): Promise<boolean> {
  try {
    const ports = await keepPorts(context, environment);
    if (ports !== null) {
      await keep(ports);
      return true;
    }
    await context.note(`${consequence}: no Redis is configured`);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(`${consequence}: ${error.message}`);
  }
  return false;
}
