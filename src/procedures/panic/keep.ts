import { RlctlError } from '../../domain/errors.js';
import {
  keptPanicsText,
  parseKeptPanics,
  type Closing,
  type KeptFlag,
  type KeptPanic,
} from '../../domain/panic/kept.js';
import { heirOf, type Left } from '../../domain/panic/restoration.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationStore } from '../../ports/operation-store.js';

export interface KeepPorts {
  readonly operations: OperationStore;
  readonly deadline: Deadline;
}

const name = 'panic';
/** Two people at once are usual in an emergency, a dozen are not. */
const mostTries = 20;

/** The panics of which the history does not tell everything, newest first. Throws what the store throws. */
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

/** A flag that a closed panic set and another open one stands on: that one puts back what stood before the first. */
export interface HandedFlag {
  readonly flag: KeptFlag;
  /** The id of the panic that it goes to. */
  readonly to: string;
}

/** Nobody would put back what a panic leaves to others: the last of them was closed meanwhile. */
export class HeirClosed extends Error {}

/** What goes over to others with the closing of a panic. */
export interface Bequest {
  readonly handed?: readonly HandedFlag[];
  /** What stays because other panics, which were open when this was decided, stand on it. */
  readonly left?: readonly Left[];
}

/**
 * Marks a panic as closed; one that the history alone told of is kept from now on. Throws `HeirClosed`, and closes nothing,
 * where somebody closed meanwhile what this one leaves something to: of two that end at once, the second sees the first.
 */
export async function keepClosed(
  ports: KeepPorts,
  panic: Omit<KeptPanic, 'restored'>,
  closing: Omit<Closing, 'atMs'>,
  { handed = [], left = [] }: Bequest = {},
): Promise<void> {
  await change(ports, (panics, atMs) => {
    const closedIds = new Set(panics.filter(({ restored }) => restored !== null).map(({ id }) => id));
    if (left.some(({ to }) => closedIds.has(heirOf(to)))) throw new HeirClosed();
    const isKept = panics.some(({ id }) => id === panic.id);
    const all = isKept ? panics : [{ ...panic, restored: null }, ...panics];
    const closed = all.map((each) => (each.id === panic.id ? { ...each, restored: { ...closing, atMs } } : each));
    return handed.reduce(withHanded, closed);
  });
}

function withHanded(panics: readonly KeptPanic[], { flag, to }: HandedFlag): readonly KeptPanic[] {
  return panics.map((each) => (each.id === to ? { ...each, flags: each.flags.map((own) => heir(own, flag)) } : each));
}

/** A flag that was found as the first panic had set it is from now on what goes back to the state before that one. */
function heir(own: KeptFlag, flag: KeptFlag): KeptFlag {
  const { record } = flag;
  if (own.bucket !== flag.bucket || own.record.variable !== record.variable) return own;
  if (own.isFound === true) return { bucket: own.bucket, record: { ...own.record, before: record.before } };
  // Of a switch nobody but the one who set it may know how it stood.
  const isUnknown = own.bucket === null && own.record.before === null;
  return isUnknown || own.record.before === record.wrote
    ? { bucket: own.bucket, record: { ...own.record, before: record.before } }
    : own;
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
