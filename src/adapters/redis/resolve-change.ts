import type { OverrideWrite, WriteOutcome } from '../../ports/override-store.js';
import type { WriteContext } from './attempt.js';
import { ownBudget, type Budget } from './budget.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import { findChange, type FoundChange } from './find-change.js';
import type { RedisLink } from './link.js';
import { asFailure, type Patience } from './patience.js';
import { dispositionOf } from './redis-failure.js';
import { awaitReplicas } from './replication.js';
import { voidTransactions } from './void-transactions.js';

/** How long the truth is looked for. An interrupt has had its wait for the answer before. */
const longestMs = { atDeadline: 1000, afterInterrupt: 600 };
/** How far back the id is searched beyond the server's time at the read: clocks may have been set meanwhile. */
const slackMs = 2000;

/** A change whose answer was lost. */
export interface LostChange {
  readonly patience: Patience;
  readonly write: OverrideWrite;
  readonly context: WriteContext;
  /** True where it went out as a transaction: then it can be made void, and no fence has to be waited for. */
  readonly usesTransaction: boolean;
}

/**
 * Finds out what became of it. Written where the history has it; not applied where the server's clock has passed the
 * fence and the history has it not; else unknown.
 */
export async function resolveChange(lost: LostChange): Promise<WriteOutcome> {
  const { deadline, ports } = lost.patience;
  const most = deadline.interrupted.aborted ? longestMs.afterInterrupt : longestMs.atDeadline;
  const budget = ownBudget(ports.clock, Math.min(most, Math.max(deadline.leftMs(), 250)));
  const state = { cause: null as LinkFailure | ReplyFailure | null, isAbsent: false };
  while (budget.leftMs() > 0) {
    try {
      const known = await lookUp(lost, budget);
      if (known) return known;
      state.isAbsent = true;
    } catch (thrown) {
      state.cause = asFailure(thrown);
      if (state.cause instanceof ReplyFailure && dispositionOf(state.cause) === 'permanent') break;
    }
    const pause = state.isAbsent ? Math.max(20, Math.min(msToFence(lost) + 5, budget.leftMs())) : 50;
    await ports.clock.sleep(pause, budget.signal).catch(() => undefined);
  }
  return { kind: 'unknown', cause: doubt(lost, state) };
}

/** Milliseconds until the server's clock passes the fence; by our clock, from the server's time at the last read. */
export function msToFence({ patience, write, context }: Omit<LostChange, 'usesTransaction'>): number {
  return write.fenceMs - context.seen.serverTimeMs - (patience.ports.clock.monotonicMs() - context.seen.atMs);
}

/** One look on a connection of its own. `null`: not there, and it may still come. */
async function lookUp(lost: LostChange, budget: Budget): Promise<WriteOutcome | null> {
  const { connection } = lost.patience;
  const link = await connection.take(budget);
  try {
    const { entryId, serverTimeMs } = await find(lost, link, budget);
    if (entryId === null) return lost.usesTransaction || serverTimeMs > lost.write.fenceMs ? { kind: 'expired' } : null;
    const replication = await awaitReplicas(link, lost.write.requiredReplicas, budget);
    const facts = { wasDuplicate: true, sawForeignChange: false, usedTransaction: lost.usesTransaction };
    return { kind: 'written', entryId, ...facts, replication };
  } finally {
    connection.discard(link);
  }
}

async function find(lost: LostChange, link: RedisLink, budget: Budget): Promise<FoundChange> {
  const { keys, startedMs } = lost.context;
  if (lost.usesTransaction) await voidTransactions(link, keys, budget);
  return findChange(link, keys, lost.write.changeId, Math.max(0, startedMs - slackMs), budget);
}

function doubt(
  lost: LostChange,
  state: { readonly cause: LinkFailure | ReplyFailure | null; readonly isAbsent: boolean },
): string {
  if (state.isAbsent) return `not applied so far; it may still be until ${new Date(lost.write.fenceMs).toISOString()}`;
  return state.cause ? lost.patience.explainPlainly(state.cause).message : 'the history could not be read in time';
}
