import { RlctlError } from '../../domain/errors.js';
import type { HistoryLimits } from '../../domain/override/history.js';
import { revisionOf } from '../../domain/revision.js';
import type { OverrideWrite } from '../../ports/override-store.js';
import type { AttemptResult, DocumentKeys } from './attempt.js';
import type { Budget } from './budget.js';
import { ReplyFailure } from './failure.js';
import type { RedisLink } from './link.js';
import type { ReplyValue } from './link-types.js';
import { conflictState, tooLarge, wrongType } from './read-state.js';
import { historyLimit, snapshotEvery, writeScript } from './write-script.js';

/** What an attempt needs beside the write itself. */
export interface AttemptContext {
  readonly keys: DocumentKeys;
  readonly maxBytes: number;
  /** Server time before which the change cannot have been written: how far back its id is searched. */
  readonly sinceMs: number;
  /** What the history is cut to. */
  readonly limits: HistoryLimits;
  readonly budget: Budget;
}

/** One EVAL. Throws LinkFailure, ReplyFailure, or the RlctlError of a guard: then nothing was written by this attempt. */
export async function attemptScript(
  link: RedisLink,
  write: OverrideWrite,
  context: AttemptContext,
): Promise<AttemptResult> {
  const { document, history, metadata } = context.keys;
  const words = ['EVAL', writeScript, '3', document, history, metadata, ...scriptArguments(write, context)] as const;
  const [reply] = await link.run([words], context.budget, { changes: true, key: document });
  if (reply?.kind === 'error') {
    if (isScriptDenied(reply.failure)) return { kind: 'scriptDenied' };
    throw reply.failure;
  }
  return interpret(reply?.value ?? null, link, context);
}

function scriptArguments(write: OverrideWrite, context: AttemptContext): (string | Buffer)[] {
  const flag = (isSet: boolean): string => (isSet ? '1' : '0');
  return [
    write.changeId,
    String(context.sinceMs),
    String(write.fenceMs),
    String(context.maxBytes),
    flag(write.expected !== null),
    bufferOf(write.expected ?? new Uint8Array()),
    flag(write.expectedMetadata !== null),
    write.expectedMetadata ?? '',
    bufferOf(write.next),
    flag(write.nextMetadata !== null),
    write.nextMetadata ?? '',
    revisionOf(write.expected),
    revisionOf(write.next),
    JSON.stringify(write.body),
    flag(write.body.splices === null),
    flag(write.replaceWrongType),
    String(historyLimit(write.next.length, context.limits.entries)),
    String(snapshotEvery),
    context.limits.ageMs === null ? '' : String(context.limits.ageMs),
  ];
}

/** The same memory as a Buffer: the client library takes no other bytes. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function interpret(value: ReplyValue, link: RedisLink, context: AttemptContext): AttemptResult {
  const answer = Array.isArray(value) ? (value as readonly ReplyValue[]) : [];
  const [word, first, second, third] = answer
    .slice(0, 4)
    .map((part) => (Buffer.isBuffer(part) ? part.toString('utf8') : String(part)));
  const { history, document } = context.keys;
  switch (word) {
    case 'ok':
      return written(first ?? '', { sawForeignChange: second === 'foreign' });
    case 'duplicate':
      return written(first ?? '', { wasDuplicate: true });
    case 'expired':
      return { kind: 'expired' };
    case 'conflict':
      return { kind: 'conflict', state: conflictState(answer.slice(1), history) };
    case 'wrongType':
      throw misplaced(first ?? '', second ?? '', context.keys);
    case 'tooLarge':
      throw tooLarge(document, Number(first), context.maxBytes);
    case 'corrupt':
      throw unreadableEntry(first ?? '', history);
    case 'failed':
      throw new ReplyFailure(third ?? '', first ?? '', second === '' ? null : (second ?? null), link.server);
    default:
      throw new ReplyFailure(`ERR script: unknown answer ${word ?? ''}`, 'EVAL', document, link.server);
  }
}

/** A write that happened, as an attempt found it. */
export function written(
  entryId: string,
  facts: { wasDuplicate?: boolean; sawForeignChange?: boolean; usedTransaction?: boolean },
): AttemptResult {
  return { kind: 'written', wasDuplicate: false, sawForeignChange: false, usedTransaction: false, ...facts, entryId };
}

/** The guard error for a key of another type than it should have. */
export function misplaced(key: string, type: string, keys: DocumentKeys): RlctlError {
  if (key === keys.history) return wrongType(key, type, 'stream', 'the history');
  return wrongType(key, type, 'string', key === keys.metadata ? 'the metadata' : 'the override document');
}

/** The guard error for a newest entry that the chain cannot be continued from. */
export function unreadableEntry(entryId: string, key: string): RlctlError {
  return new RlctlError(
    'guard',
    `the newest history entry ${entryId} in the Redis key "${key}" was not written by rlctl`,
    {
      code: 'HISTORY_CORRUPT',
      hint: `Nothing was written. Look at it, keep a copy, and remove it: redis-cli XRANGE '${key}' ${entryId} ${entryId}, then redis-cli XDEL '${key}' ${entryId}.`,
    },
  );
}

/** EVAL itself refused: by an ACL, or because it was renamed or switched off. A refused key is another matter. */
export function isScriptDenied({ reply }: ReplyFailure): boolean {
  return /^NOPERM .*'eval(\|.*)?' command/i.test(reply) || /^ERR (unknown command|.*not allowed).*eval/i.test(reply);
}
