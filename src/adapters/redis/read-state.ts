import { RlctlError } from '../../domain/errors.js';
import { parseHeartbeat } from '../../domain/override/heartbeat.js';
import { revisionOf } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { DocumentKeys, DocumentState, ServerFact } from './attempt.js';
import type { Budget } from './budget.js';
import { decodeEntry, ownEntry, rawEntries } from './entry-codec.js';
import type { RedisLink } from './link.js';
import type { CommandWords, Reply, ReplyValue } from './link-types.js';

/** How much larger than the document its metadata may be: who, why and what stood before take more than four numbers. */
const metadataShare = 4;

/** Reads everything in one flush; an `auditor` minds no foreign entry. `null`: the document came or went; read again. */
export async function readState(
  link: RedisLink,
  keys: DocumentKeys,
  maxBytes: number,
  budget: Budget,
  reader?: 'auditor',
): Promise<StoredOverrides | null> {
  const { document, history, metadata, expiry } = keys;
  const commands: CommandWords[] = [
    ['TYPE', document],
    ['STRLEN', document],
    // One byte more than allowed tells that there is more; the rest is never transferred.
    ['GETRANGE', document, '0', String(maxBytes)],
    ['PTTL', document],
    ['TYPE', document],
    ['TYPE', metadata],
    ['GETRANGE', metadata, '0', String(metadataShare * maxBytes)],
    ['XREVRANGE', history, '+', '-', 'COUNT', '1'],
    ['TIME'],
    ['INFO', 'replication'],
    ['INFO', 'server'],
    ['GETRANGE', expiry, '0', '4095'],
  ];
  const replies = await link.run(commands, budget);
  const [type, length, range, ttl, typeAfter, metadataType, metadataRange, last, time] = replies;
  const kind = textOf(type);
  if (kind !== textOf(typeAfter)) return null;
  const bytes = kind === 'string' ? (valueOf(range) as Buffer) : null;
  if (bytes && bytes.length > maxBytes) throw tooLarge(document, Number(valueOf(length)), maxBytes);
  const entry = rawEntries(valueOf(last))[0];
  return {
    key: document,
    bytes,
    type: kind,
    revision: revisionOf(bytes),
    ttlMs: ttlOf(valueOf(ttl)),
    metadata: metadataText(textOf(metadataType), metadataRange, metadata, metadataShare * maxBytes),
    lastEntry: entry ? (reader === 'auditor' ? ownEntry(entry) : decodeEntry(entry, history)) : null,
    serverTimeMs: timeMs(valueOf(time)),
    watchedReplicas: link.watchedReplicas,
    ...serverFacts(replies.slice(9)),
  };
}

/** The state that comes with a conflict: type, document, TTL, metadata, newest entry, server time. */
export function conflictState(answer: readonly ReplyValue[], historyKey: string): DocumentState {
  const [kind, document, ttl, metadata, last, now] = answer;
  const bytes = Buffer.isBuffer(document) ? document : null;
  const entry = Array.isArray(last) ? rawEntries([last])[0] : undefined;
  return {
    bytes,
    type: String(kind),
    revision: revisionOf(bytes),
    ttlMs: ttlOf(ttl ?? null),
    metadata: Buffer.isBuffer(metadata) ? metadata.toString('utf8') : null,
    lastEntry: entry ? decodeEntry(entry, historyKey) : null,
    serverTimeMs: Number(String(now)),
  };
}

/** The answer's value; throws where the server answered with an error. */
export function valueOf(reply: Reply | undefined): ReplyValue {
  if (reply?.kind === 'error') throw reply.failure;
  return reply?.value ?? null;
}

export function textOf(reply: Reply | undefined): string {
  return String(valueOf(reply));
}

/** A TIME answer as epoch milliseconds. */
export function timeMs(value: ReplyValue): number {
  const [seconds, micros] = (value as readonly Buffer[]).map(String);
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** Milliseconds left, where PTTL answers -1 for no TTL and -2 for no key. */
function ttlOf(value: ReplyValue): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

function metadataText(type: string, range: Reply | undefined, key: string, maxBytes: number): string | null {
  if (type === 'none') return null;
  if (type !== 'string') throw wrongType(key, type, 'string', 'the metadata');
  const bytes = valueOf(range) as Buffer;
  if (bytes.length > maxBytes) throw tooLarge(key, bytes.length, maxBytes);
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  throw new RlctlError('guard', `the metadata in the Redis key "${key}" is not UTF-8 text`, {
    code: 'METADATA_CORRUPT',
    hint: `rlctl did not write it. Keep a copy (redis-cli --raw GET '${key}') and remove the key; the document itself is not touched.`,
  });
}

export function tooLarge(key: string, bytes: number, maxBytes: number): RlctlError {
  return new RlctlError(
    'guard',
    `the Redis key "${key}" holds ${bytes} bytes, more than the ${maxBytes} that are allowed`,
    {
      code: 'DOCUMENT_TOO_LARGE',
      hint: `See what it is: redis-cli GETRANGE '${key}' 0 1000. Nobody meant a document of this size; rename it, and bring the last good one back: redis-cli RENAME '${key}' '${key}:old', then rlctl override repair`,
      details: { key, bytes, limit: maxBytes },
    },
  );
}

/** @param what what the key should hold: `the override document`, `the history`. */
export function wrongType(key: string, type: string, expected: string, what: string): RlctlError {
  return new RlctlError('guard', `the Redis key "${key}" is a ${type}; ${what} has to be a ${expected}`, {
    code: 'REDIS_WRONG_TYPE',
    hint: `Nothing was written. See what is in it (redis-cli TYPE '${key}') and rename it: redis-cli RENAME '${key}' '${key}:old'.`,
    details: { key, type },
  });
}

/** What INFO and the heartbeat tell. A user who may not ask does not know, which is no error. */
function serverFacts([replication, server, heartbeat]: readonly Reply[]): Omit<
  Pick<StoredOverrides, ServerFact>,
  'watchedReplicas'
> {
  const lines = infoLines(replication);
  const role = lines?.find((line) => line.startsWith('role:'));
  const replicas = lines === null ? null : lines.filter((line) => /^slave\d+:.*\bstate=online\b/.test(line)).length;
  const runId = infoLines(server)?.find((line) => line.startsWith('run_id:'));
  return {
    replicas,
    role: role === 'role:master' ? 'primary' : role === 'role:slave' ? 'replica' : null,
    runId: runId?.slice('run_id:'.length) ?? null,
    heartbeat: heartbeat?.kind === 'value' ? parseHeartbeat(String(heartbeat.value)) : 'unknown',
  };
}

function infoLines(reply: Reply | undefined): string[] | null {
  if (reply?.kind !== 'value') return null;
  return String(reply.value).split(/\r?\n/);
}
