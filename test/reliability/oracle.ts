// Judges a history without any code of the tool: only the format of the stream is taken from it.
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { UnitOutcome } from './trial.js';

/** An entry of the history, as its stream has it. */
export interface Entry {
  readonly timeMs: number;
  readonly kind: string;
  readonly id: string;
  readonly sequence: number;
  readonly prev: string;
  readonly next: string;
  readonly chain: string;
  /** The exact text of the body; empty in a snapshot. */
  readonly text: string;
  readonly body: EntryBody | null;
  /** The document's bytes, where the entry carries them. */
  readonly document: Buffer | null;
  /** Why a snapshot was taken; empty in a change. */
  readonly why: string;
}

interface EntryBody {
  readonly command: string;
  readonly untilMs?: number | null;
  readonly splices: readonly Splice[] | null;
  readonly routes: readonly { readonly route: string; readonly before: string | null; readonly after: string | null }[];
}

interface Splice {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
}

const revisionOf = (bytes: Buffer | null): string =>
  bytes === null ? 'none' : createHash('sha256').update(bytes).digest('hex');

/** Every entry of the stream, oldest first. */
export async function readEntries(redis: Redis, stream: string): Promise<readonly Entry[]> {
  const entries = await redis.xrangeBuffer(stream, '-', '+');
  return entries.map(([id, words]) => {
    const fields: Record<string, Buffer> = {};
    for (let at = 0; at < words.length; at += 2) fields[String(words[at])] = words[at + 1] as Buffer;
    const text = String(fields['body'] ?? '');
    return {
      timeMs: Number(String(id).split('-')[0]),
      kind: String(fields['kind']),
      id: String(fields['id']),
      sequence: Number(fields['seq']),
      prev: String(fields['prev']),
      next: String(fields['next']),
      chain: String(fields['chain']),
      text,
      body: text === '' ? null : (JSON.parse(text) as EntryBody),
      document: fields['doc'] ?? null,
      why: String(fields['why'] ?? ''),
    };
  });
}

function edited(bytes: Buffer | null, splices: readonly Splice[]): Buffer {
  return splices.reduce<Buffer>(
    (before, { at, removed, inserted }) => {
      const end = at + Buffer.byteLength(removed);
      if (String(before.subarray(at, end)) !== removed)
        throw new Error(`what a splice removes is not there, at byte ${at}`);
      return Buffer.concat([before.subarray(0, at), Buffer.from(inserted), before.subarray(end)]);
    },
    bytes ?? Buffer.from('{}'),
  );
}

function chainAfter(before: string, { kind, id, sequence, prev, next, text }: Entry): string {
  return createHash('sha1').update([before, kind, id, sequence, prev, next, text].join('\n')).digest('hex');
}

const isSame = (one: Buffer | null, other: Buffer | null): boolean => revisionOf(one) === revisionOf(other);

/** What a history is held against. */
export interface Held {
  /** The document before the first entry; `null`: there was none. */
  readonly first: Buffer | null;
  /** As it stands now. */
  readonly last: Buffer | null;
  /** Somebody wrote past the tool, and the history must tell of it; absent: nobody did, and it must not. */
  readonly hasForeign?: boolean;
}

/**
 * Replays every change over the first document; the faults that were met, none: the entries are numbered and chained without
 * a gap, each leads to the revision it names, and all of them to the last document.
 */
export function replayFaults(entries: readonly Entry[], { first, last, hasForeign = false }: Held): readonly string[] {
  const faults: string[] = [];
  let bytes = first;
  let chain = '';
  for (const [index, entry] of entries.entries()) {
    const { kind, sequence, next, body, document, why } = entry;
    if (sequence !== index + 1) faults.push(`entry ${index + 1} is numbered ${sequence}`);
    chain = chainAfter(chain, entry);
    if (chain !== entry.chain) faults.push(`entry ${sequence} breaks the chain`);
    try {
      if (kind === 'change' && body !== null) bytes = body.splices === null ? document : edited(bytes, body.splices);
    } catch (error) {
      faults.push(`entry ${sequence}: ${(error as Error).message}`);
    }
    if (kind === 'snapshot' && why === 'foreign' && hasForeign) bytes = document;
    if (kind === 'snapshot' && document !== null && !isSame(document, bytes))
      faults.push(`snapshot ${sequence} (${why}) is not what the entries before it lead to`);
    if (revisionOf(bytes) !== next) faults.push(`entry ${sequence} does not lead to the revision it names`);
    if (faults.length >= 5) return faults;
  }
  if (!isSame(bytes, last)) faults.push('the history does not lead to the stored document');
  return faults;
}

/** Where a document and its history are. */
export interface HeldGround {
  readonly redis: Redis;
  /** The document's key. */
  readonly key: string;
  readonly first: Buffer | null;
  readonly hasForeign?: boolean;
}

/** The judgement of the oracle over a document in Redis, as the outcome that a ground's `close` resolves to. */
export async function assertHeld({ redis, key, ...held }: HeldGround): Promise<UnitOutcome> {
  const stream = key.includes('{') ? `${key}:history` : `{${key}}:history`;
  const entries = await readEntries(redis, stream);
  const faults = replayFaults(entries, { ...held, last: await redis.getBuffer(key) });
  return {
    counts: { 'history entries, replayed and chained': entries.length },
    faults: faults.map((each) => `${key}: ${each}`),
  };
}
