import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { Closing, KeptPanic } from '../../domain/panic/kept.js';
import { isOpen, targetOfCommand, type Panic } from '../../domain/panic/panics.js';
import { panicCommand, type PanicTarget } from '../../domain/panic/target.js';
import { dropPanic, keepClosed, keepPanic, type Bequest, type KeepPorts } from '../../procedures/panic/keep.js';
import { allPanics, type RecordedPanics } from '../../procedures/panic/panics.js';
import { recordDeadline } from '../../procedures/runbook/own-deadline.js';
import { shareOf } from '../../procedures/share.js';
import { flagFlips } from '../shadow/flips.js';
import { flagTexts } from './flag-texts.js';
import type { NamedPanic } from './input.js';

// What the override history cannot tell of a panic is kept in Redis, so that a colleague on another machine can take it back.

/** Every panic that is recorded, newest first, judged by what stands now; what cannot be read of them is said. */
export async function panicsOf(context: Context, environment: Environment): Promise<readonly Panic[]> {
  return (await recordedPanics(context, environment)).panics;
}

/** Those that nobody has closed and of which anything still stands, the newest first. */
export async function openPanics(
  context: Context,
  environment: Environment,
  deadline: KeepPorts['deadline'] = context.deadline,
): Promise<readonly Panic[]> {
  return (await recordedPanics(context, environment, null, deadline)).panics.filter(isOpen);
}

/** The panics with what they were told by. `stored`: the document, where it was read already. */
export async function recordedPanics(
  context: Context,
  environment: Environment,
  stored: Parameters<typeof allPanics>[2] = null,
  deadline: KeepPorts['deadline'] = context.deadline,
): Promise<RecordedPanics> {
  const [store, operations, flagText, ownFlips] = await Promise.all([
    context.store(environment),
    context.operationStore(environment),
    flagTexts(context, environment),
    flagFlips(context, environment),
  ]);
  const recorded = await allPanics({ store, operations, deadline, ownFlips }, flagText, stored);
  const { failure } = recorded;
  if (failure !== null) await context.noteOnce(`panics by flags or by a kill switch are not known: ${failure.message}`);
  return recorded;
}

/** `null`: no Redis is configured. */
async function keepPorts(context: Context, environment: Environment): Promise<KeepPorts | null> {
  if (environment.redis === null || environment.namespace === null) return null;
  const deadline = recordDeadline(context.deadline, context.clock);
  return { operations: await context.operationStore(environment), deadline };
}

/**
 * Keeps a panic before it acts; false: it could not be kept. An emergency does not wait for a Redis that is away: then that
 * is said, and it acts with the time that is left. Throws the interrupt that came meanwhile: then nothing is kept.
 */
export async function keepActing(
  context: Context,
  environment: Environment,
  { id, target, mutation: { reason, ticket } }: NamedPanic,
  acts: Pick<KeptPanic, 'way' | 'flags' | 'found'>,
): Promise<boolean> {
  const actor = await context.actor();
  const { name } = environment;
  // The document is the same everywhere; a file or a program is reached by a configuration that names it.
  const from = acts.way === 'overrides' ? {} : { from: { environment: name, machine: await context.hostName() } };
  const panic = { id, command: panicCommand(target), ...acts, ...from, actor, reason, ticket, restored: null };
  const { interrupted } = context.deadline;
  const unrecorded = 'this panic is not recorded, so nobody else sees it';
  const isKept = await quietly(context, environment, unrecorded, async (ports) => {
    const briefly = { ...ports, deadline: shareOf(ports.deadline, context.clock) };
    await keepPanic(briefly, (atMs) => ({ ...panic, atMs })).catch((error: unknown) => {
      if (!interrupted.aborted) throw error;
    });
  });
  if (!interrupted.aborted) return isKept;
  // Whether it was taken is not known. One that has its id from before may be that of a run that did act.
  if (context.changeId === null) await forgetUnacted(context, environment, id);
  throw interrupted.reason;
}

/** The open panic that stands for what was found as wanted. */
export interface FoundPanic {
  readonly id: string;
  /** True: it was not there before. */
  readonly isNew: boolean;
}

/**
 * Records a panic that found everything as wanted: what it stands on stays as long as it is open. One that the same person
 * declared for the same thing, with nothing else to say of it, is that one. `null`: it was over before, or could not be recorded.
 */
export async function keepFound(
  context: Context,
  environment: Environment,
  input: NamedPanic,
  acts: Pick<KeptPanic, 'way' | 'flags' | 'found'>,
): Promise<FoundPanic | null> {
  const actor = await context.actor();
  const panics = await panicsOf(context, environment).catch(async (error: unknown) => {
    if (!(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    await context.note(`whether it is a panic of its own is not known: ${error.message}`);
    return null;
  });
  if (panics === null) return null;
  const own = panics.find(({ id }) => id === input.id);
  if (own !== undefined) return isOpen(own) ? { id: own.id, isNew: false } : null;
  const same = panics.find(
    (each) =>
      isOpen(each) &&
      each.way === acts.way &&
      each.actor === actor &&
      isSameTarget(environment, each, input.target) &&
      isSaid(each.reason, input.mutation.reason) &&
      isSaid(each.ticket, input.mutation.ticket),
  );
  if (same !== undefined) return { id: same.id, isNew: false };
  return (await keepActing(context, environment, input, acts)) ? { id: input.id, isNew: true } : null;
}

/** Whether what is given adds nothing to what is recorded. */
function isSaid(recorded: string | null, given: string | null): boolean {
  return given === null || given === recorded;
}

/** A bucket may be called by any of its names. */
function isSameTarget(environment: Environment, { command }: Panic, target: PanicTarget): boolean {
  const other = targetOfCommand(command);
  if (other?.kind !== 'bucket' || target.kind !== 'bucket') return command === panicCommand(target);
  const bucket = allBuckets(environment).find(({ names }) => names.includes(target.name));
  return bucket?.names.includes(other.name) ?? false;
}

/** What failed before it changed anything is no panic. */
export async function forgetUnacted(context: Context, environment: Environment, id: string): Promise<void> {
  await quietly(context, environment, `the panic ${id} goes on being listed`, (ports) => dropPanic(ports, id));
}

/** Records that a panic is over, and how; what it leaves to others is theirs from then on. Throws `HeirClosed`. */
export async function keepOver(
  context: Context,
  environment: Environment,
  panic: Panic,
  { closing = {}, ...bequest }: Bequest & { readonly closing?: Omit<Closing, 'atMs' | 'actor'> } = {},
): Promise<boolean> {
  const { id, command, way, atMs, actor, reason, ticket } = panic;
  const kept = { id, command, way, atMs, actor, reason, ticket, flags: [] };
  const by = await context.actor();
  return quietly(context, environment, `the panic ${id} goes on being listed as open`, (ports) =>
    keepClosed(ports, kept, { actor: by, ...closing }, bequest),
  );
}

/** Records those as over that somebody put back in another way, so that it is known on other machines too. */
export async function keepGone(
  context: Context,
  environment: Environment,
  { panics, kept }: Pick<RecordedPanics, 'panics' | 'kept'>,
): Promise<void> {
  const open = new Set(kept.filter(({ restored }) => restored === null).map(({ id }) => id));
  for (const panic of panics) if (open.has(panic.id) && !isOpen(panic)) await keepOver(context, environment, panic);
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
