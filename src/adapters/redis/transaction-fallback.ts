import type { OverrideWrite } from '../../ports/override-store.js';
import type { AttemptResult, DocumentKeys, DocumentState } from './attempt.js';
import type { Budget } from './budget.js';
import { ReplyFailure } from './failure.js';
import { findChange } from './find-change.js';
import type { RedisLink } from './link.js';
import type { CommandWords } from './link-types.js';
import { readState, textOf, valueOf } from './read-state.js';
import { bufferOf, misplaced, written, type AttemptContext } from './script-attempt.js';
import { planEntries, type EntryPlan } from './transaction-entries.js';

/**
 * The script's steps as WATCH, reads, MULTI … EXEC on one connection, for users who may not run EVAL. The fence is looked
 * at before EXEC and not in it; that a late EXEC does no harm is seen to by `voidTransactions`.
 */
export async function attemptTransaction(
  link: RedisLink,
  write: OverrideWrite,
  context: AttemptContext,
): Promise<AttemptResult> {
  const { keys, budget } = context;
  for (;;) {
    const early = await watchAndCheck(link, write, context);
    if (early) return early;
    const state = await readState(link, keys, context.maxBytes, budget);
    // The key came or went while it was read, so EXEC would be refused anyway.
    if (state === null) continue;
    if (state.serverTimeMs > write.fenceMs) return { kind: 'expired' };
    const isWrong = state.type !== 'string' && state.type !== 'none';
    if (isWrong && !write.replaceWrongType) throw misplaced(keys.document, state.type, keys);
    if (!isExpected(state, write)) return { kind: 'conflict', state };
    const plan = await planEntries(link, write, context, state, isWrong);
    const ids = await execute(link, transactionCommands(write, keys, plan), keys, budget);
    if (ids) return written(ids, { sawForeignChange: plan.why === 'foreign', usedTransaction: true });
  }
}

/** WATCH comes first, so that nothing read after it can change unnoticed. */
async function watchAndCheck(
  link: RedisLink,
  write: OverrideWrite,
  context: AttemptContext,
): Promise<AttemptResult | null> {
  const { keys, budget } = context;
  const commands: CommandWords[] = [
    ['WATCH', keys.document, keys.history, keys.metadata],
    ['TYPE', keys.history],
  ];
  const [watched, type] = await link.run(commands, budget);
  valueOf(watched);
  const historyType = textOf(type);
  if (historyType !== 'stream' && historyType !== 'none') throw misplaced(keys.history, historyType, keys);
  const found = await findChange(link, keys, write.changeId, context.sinceMs, budget);
  return found.entryId === null ? null : written(found.entryId, { wasDuplicate: true, usedTransaction: true });
}

function isExpected(state: DocumentState, write: OverrideWrite): boolean {
  if (state.metadata !== write.expectedMetadata) return false;
  if (state.bytes === null || write.expected === null) return state.bytes === write.expected;
  return bufferOf(state.bytes).equals(write.expected);
}

function transactionCommands(write: OverrideWrite, keys: DocumentKeys, plan: EntryPlan): CommandWords[] {
  const metadata: CommandWords[] =
    write.nextMetadata === null ? [] : [['SET', keys.metadata, write.nextMetadata, 'KEEPTTL']];
  return [...plan.commands, ...metadata, ['SET', keys.document, bufferOf(write.next), 'KEEPTTL']];
}

/** The id of the last entry added; `null`: a watched key changed and nothing was done. */
async function execute(
  link: RedisLink,
  commands: readonly CommandWords[],
  keys: DocumentKeys,
  budget: Budget,
): Promise<string | null> {
  const replies = await link.run([['MULTI'], ...commands, ['EXEC']], budget, { changes: true });
  for (const reply of replies.slice(0, -1)) if (reply.kind === 'error') throw reply.failure;
  const results = valueOf(replies.at(-1));
  if (results === null) return null;
  const parts: readonly unknown[] = Array.isArray(results) ? results : [];
  const error = parts.find((part) => part instanceof Error);
  if (error instanceof Error) throw new ReplyFailure(error.message, 'EXEC', keys.document, link.server);
  const ids = parts.filter((_, index) => commands[index]?.[0] === 'XADD');
  return String(ids.at(-1));
}
