import { createHash } from 'node:crypto';
import { RlctlError } from '../../domain/errors.js';
import type { HistoryBody, HistoryEntry } from '../../domain/override/history.js';
import type { ReplyValue } from './link-types.js';

/** A stream entry with its fields still raw; values of a foreign writer may be anything. */
export interface RawEntry {
  readonly entryId: string;
  readonly fields: ReadonlyMap<string, Buffer>;
}

/** An XRANGE or XREVRANGE reply, entry by entry. */
export function rawEntries(reply: ReplyValue): RawEntry[] {
  if (!Array.isArray(reply)) return [];
  return (reply as readonly (readonly [Buffer, readonly Buffer[] | null])[]).map(rawEntry);
}

function rawEntry([id, flat]: readonly [Buffer, readonly Buffer[] | null]): RawEntry {
  const fields = new Map<string, Buffer>();
  for (let index = 0; index + 1 < (flat?.length ?? 0); index += 2) {
    const [name, value] = [flat?.[index], flat?.[index + 1]];
    if (name && value) fields.set(name.toString('utf8'), value);
  }
  return { entryId: id.toString('latin1'), fields };
}

/** Throws `guard/HISTORY_CORRUPT` for an entry that is not of this program's making: nothing is read into it. */
export function decodeEntry(raw: RawEntry, key: string): HistoryEntry {
  const text = (name: string): string =>
    raw.fields.get(name)?.toString('utf8') ?? corrupt(raw, key, `the field "${name}" is missing`);
  const kind = text('kind');
  if (kind !== 'change' && kind !== 'snapshot') return corrupt(raw, key, 'its kind is neither change nor snapshot');
  const sequence = Number(text('seq'));
  if (!Number.isSafeInteger(sequence) || sequence < 1) return corrupt(raw, key, 'its sequence is not a number');
  return {
    entryId: raw.entryId,
    timeMs: Number(raw.entryId.split('-', 1)[0]),
    kind,
    changeId: text('id'),
    sequence,
    prev: text('prev'),
    next: text('next'),
    chain: text('chain'),
    body: kind === 'change' ? parseBody(raw, key, text('body')) : null,
    document: raw.fields.get('doc') ?? null,
    snapshotOf: kind === 'snapshot' ? parseCause(raw, key, text('why')) : null,
  };
}

/** The hash chain's next value: over the previous one and what the new entry says. The script computes the same. */
export function chainAfter(
  previous: string,
  entry: { kind: string; changeId: string; sequence: number; prev: string; next: string; body: string },
): string {
  const parts = [previous, entry.kind, entry.changeId, String(entry.sequence), entry.prev, entry.next, entry.body];
  return createHash('sha1').update(parts.join('\n')).digest('hex');
}

function parseBody(raw: RawEntry, key: string, text: string): HistoryBody {
  const state = { body: null as unknown };
  try {
    state.body = JSON.parse(text);
  } catch {
    return corrupt(raw, key, 'its body is not JSON');
  }
  const body = state.body as Partial<HistoryBody> | null;
  if (typeof body !== 'object' || body === null || body.v !== 1 || !Array.isArray(body.routes)) {
    return corrupt(raw, key, 'its body is of a form this version does not know');
  }
  return body as HistoryBody;
}

function parseCause(raw: RawEntry, key: string, why: string): HistoryEntry['snapshotOf'] {
  const known = (['first', 'foreign', 'periodic', 'wrongType'] as const).find((cause) => cause === why);
  return known ?? corrupt(raw, key, 'its cause is unknown');
}

function corrupt(raw: RawEntry, key: string, why: string): never {
  throw new RlctlError('guard', `the history entry ${raw.entryId} in the Redis key "${key}" cannot be read: ${why}`, {
    code: 'HISTORY_CORRUPT',
    hint: `Look at it with XRANGE, keep a copy, and remove it: redis-cli XDEL '${key}' ${raw.entryId}.`,
  });
}
