import { RlctlError } from '../../domain/errors.js';
import { formatDuration } from '../../domain/duration.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { afterEvent, type RolloutEvent } from '../../domain/rollout/machine.js';
import { parseRollout, rolloutText, type RolloutState } from '../../domain/rollout/state.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore, StoredOperation } from '../../ports/operation-store.js';

/** The name under which an environment's one rollout is kept. */
const operation = 'rollout';

export interface SessionPorts {
  readonly operations: OperationStore;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/** A rollout as it is kept, and who drives it. */
export interface KeptRollout {
  /** `null`: there is none. */
  readonly state: RolloutState | null;
  /** Who may drive it now; `null`: nobody does. */
  readonly lease: OperationLease | null;
  /** Whose lease ran out last; `null`: it was given back. */
  readonly lapsed: OperationLease | null;
  /** Epoch milliseconds, by Redis. */
  readonly serverTimeMs: number;
}

/** Reads the rollout of an environment. Takes no lease and renews none. */
export async function readRollout({ operations, deadline }: Omit<SessionPorts, 'clock'>): Promise<KeptRollout> {
  return keptOf(await operations.read(operation, deadline));
}

function keptOf(stored: StoredOperation): KeptRollout {
  const { text, lease, lapsed, serverTimeMs } = stored;
  return { state: stateIn(text), lease, lapsed, serverTimeMs };
}

function stateIn(text: string | null): RolloutState | null {
  if (text === null) return null;
  const state = parseRollout(text);
  if (state !== null) return state;
  throw new RlctlError('guard', 'what is kept of the rollout cannot be read by this version of rlctl', {
    code: 'ROLLOUT_UNREADABLE',
    hint: 'Go on with the version that began it; every change it made stands in: rlctl override history',
  });
}

/** The right to drive a rollout. While it is held, nobody else writes. */
export interface RolloutSession {
  /** As it was written last; `null`: there is none. */
  readonly state: RolloutState | null;
  /** Epoch milliseconds, by Redis. */
  nowMs(): number;
  /** Writes the first state of a rollout, in place of one that is over. */
  begin(state: RolloutState): Promise<RolloutState>;
  /** Writes what these events make of it, at once. Throws a conflict (5) where the lease is somebody else's by now. */
  apply(...events: readonly RolloutEvent[]): Promise<RolloutState | null>;
  /** Holds the lease for longer. Throws as `apply` does. */
  renew(): Promise<void>;
  /** Gives the lease back, within the deadline of the session. */
  release(): Promise<void>;
  /** Gives it back after an interrupt, within a second; never throws. */
  letGo(): Promise<void>;
}

/** Who wants to drive, and what of. */
export interface DriveWish {
  readonly environment: string;
  /** The run of a runbook that this is a step of; `null`: none. */
  readonly run: string | null;
  /** Take the lease also from somebody whose lease has not run out. */
  readonly isTakeOver: boolean;
}

/** Throws the conflict (5) of `openSession`, before anything else is asked or told. */
export function assertNotDriven({ lease, serverTimeMs }: KeptRollout, wish: DriveWish): void {
  if (lease === null || wish.isTakeOver || isOfRun(lease, wish)) return;
  throw heldBy(lease, serverTimeMs, wish.environment);
}

/** True of the lease that a process of the same run took. */
function isOfRun({ token }: OperationLease, { run }: DriveWish): boolean {
  return run !== null && token.startsWith(`${run}/`);
}

export interface SessionWish extends DriveWish {
  readonly holder: string;
  /** Unique to this process. */
  readonly token: string;
  readonly ttlMs: number;
}

/**
 * Takes the lease of an environment's rollout. Throws a conflict (5) that names the holder and the end where somebody else
 * has it. What an earlier process of the same run left behind is given back first: only one drives a run at a time, so that
 * one is gone, or was taken over from. A lease that was taken over is noted in the rollout.
 */
export async function openSession(ports: SessionPorts, wish: SessionWish): Promise<RolloutSession> {
  const { operations, clock, deadline } = ports;
  const { holder, run, ttlMs, isTakeOver, environment } = wish;
  const token = run === null ? wish.token : `${run}/${wish.token}`;
  const before = await beforeAnything(operations.read(operation, deadline), 'changed');
  // What cannot be read is not to be held.
  stateIn(before.text);
  const wanted = { holder, token, ttlMs };
  // By its token: somebody who takes it over in this moment keeps it.
  if (before.lease !== null && isOfRun(before.lease, wish))
    await operations.release(operation, before.lease.token, deadline);
  const taken = await operations.lease(operation, { ...wanted, isForced: isTakeOver }, deadline);
  if (taken.kind === 'taken') throw heldBy(taken.by, before.serverTimeMs, environment);
  const stored = await operations.read(operation, deadline);
  const readAtMs = clock.monotonicMs();
  const kept: { text: string | null; state: RolloutState | null } = { text: stored.text, state: stateIn(stored.text) };
  const isHeldAgain = async (): Promise<boolean> =>
    (await operations.lease(operation, { ...wanted, isForced: false }, deadline)).kind === 'held';
  const write = async (next: RolloutState | null): Promise<RolloutState | null> => {
    const text = next === null ? null : rolloutText(next);
    const change = { expected: kept.text, next: text, token };
    let outcome = await operations.write(operation, change, deadline);
    // A machine that slept for longer than its lease goes on where nobody has come in between.
    if (outcome.kind === 'lost' && outcome.current.lease === null && (await isHeldAgain()))
      outcome = await operations.write(operation, change, deadline);
    if (outcome.kind !== 'written') throw lostTo(otherOf(outcome.current), holder, environment);
    kept.text = text;
    kept.state = next;
    return next;
  };
  /** Whoever came in between may have gone again, and the lease may be ours once more. */
  const otherOf = ({ lease, lapsed }: StoredOperation): OperationLease | null =>
    [lease, lapsed].find((each) => each !== null && each.token !== token) ?? null;
  const session: RolloutSession = {
    get state() {
      return kept.state;
    },
    nowMs: () => Math.round(stored.serverTimeMs + clock.monotonicMs() - readAtMs),
    begin: async (state) => {
      await write(state);
      return state;
    },
    apply: async (...events) => write(events.reduce<RolloutState | null>(stepOf, kept.state)),
    renew: async () => {
      const renewed = await operations.lease(operation, { ...wanted, isForced: false }, deadline);
      if (renewed.kind === 'taken') throw lostTo(renewed.by, holder, environment);
    },
    release: () => operations.release(operation, token, deadline),
    letGo: () => operations.release(operation, token, lastSecond(clock)).catch(() => undefined),
  };
  const from = before.lease;
  if (from !== null && from.token !== token && kept.state !== null)
    await session.apply({ kind: 'takenOver', atMs: session.nowMs(), by: holder, from: from.holder });
  return session;
}

/** What is left of the time after an interrupt. */
function lastSecond(clock: Clock): Deadline {
  const startMs = clock.monotonicMs();
  const leftMs = (): number => Math.max(0, 1000 - (clock.monotonicMs() - startMs));
  return {
    leftMs,
    interrupted: new AbortController().signal,
    signal: (atMostMs = Infinity) => AbortSignal.timeout(Math.ceil(Math.min(leftMs(), atMostMs))),
  };
}

function stepOf(state: RolloutState | null, event: RolloutEvent): RolloutState | null {
  if (state === null) throw new TypeError(`there is no rollout that could be ${event.kind}`);
  return afterEvent(state, event);
}

function heldBy(by: OperationLease, nowMs: number, environment: string): RlctlError {
  const until = `${new Date(by.untilMs).toISOString()} (in ${formatDuration(by.untilMs - nowMs)})`;
  return new RlctlError(
    'conflict',
    `${by.holder} drives the rollout on "${environment}", until ${until} unless renewed; nothing was done`,
    {
      code: 'ROLLOUT_LOCKED',
      hint: 'Watch it with "rlctl rollout status -w". To drive it instead, repeat the command with --take-over: the other one then stops.',
      details: { holder: by.holder, until: new Date(by.untilMs).toISOString() },
    },
  );
}

function lostTo(by: OperationLease | null, holder: string, environment: string): RlctlError {
  const who = by === null ? 'somebody else' : by.holder;
  return new RlctlError(
    'conflict',
    `${who} took over the rollout on "${environment}" from ${holder}; nothing more is done from here`,
    {
      code: 'ROLLOUT_LEASE_LOST',
      hint: 'See how it goes on with: rlctl rollout status -w',
      details: { holder: by?.holder ?? null },
    },
  );
}
