import type { HistoryBody, HistoryEntry } from '../override/history.js';

/** One entry of the history stream exactly as it is stored: what the hash chain and an export are about. */
export interface HistoryRecord {
  /** `<server milliseconds>-<n>` */
  readonly entryId: string;
  readonly fields: ReadonlyMap<string, Uint8Array>;
}

/** What a record says. */
export interface ReadRecord {
  readonly entry: HistoryEntry;
  /** The exact text of the body that the chain is over; empty in a snapshot. */
  readonly bodyText: string;
  /** Changes since the last snapshot as the record counts them; `null`: it does not say. */
  readonly since: number | null;
  /** The DUMP of a key of another type; `null`: none is carried. */
  readonly dump: Uint8Array | null;
}

/** Thrown for a record that is not of this program's making; the message says why, as the end of a sentence. */
export class NoRecord extends Error {}

/** Reads a record, taking nothing for granted. Throws NoRecord. */
export function readRecord({ entryId, fields }: HistoryRecord): ReadRecord {
  const text = (name: string): string => {
    const bytes = fields.get(name);
    if (bytes === undefined) throw new NoRecord(`the field "${name}" is missing`);
    return Buffer.from(bytes).toString('utf8');
  };
  const kind = text('kind');
  if (kind !== 'change' && kind !== 'snapshot') throw new NoRecord('its kind is neither change nor snapshot');
  const sequence = Number(text('seq'));
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new NoRecord('its sequence is not a number');
  const bodyText = kind === 'change' ? text('body') : '';
  const entry: HistoryEntry = {
    entryId,
    timeMs: Number(entryId.split('-', 1)[0]),
    kind,
    changeId: text('id'),
    sequence,
    prev: text('prev'),
    next: text('next'),
    chain: text('chain'),
    body: kind === 'change' ? parseBody(bodyText) : null,
    document: fields.get('doc') ?? null,
    snapshotOf: kind === 'snapshot' ? parseCause(text('why')) : null,
  };
  const since = fields.get('since');
  return {
    entry,
    bodyText,
    since: since === undefined ? null : Number(Buffer.from(since).toString('latin1')),
    dump: fields.get('dump') ?? null,
  };
}

function parseBody(text: string): HistoryBody {
  const state = { body: null as unknown };
  try {
    state.body = JSON.parse(text);
  } catch {
    throw new NoRecord('its body is not JSON');
  }
  const body = state.body as Partial<HistoryBody> | null;
  if (typeof body !== 'object' || body === null || body.v !== 1 || !Array.isArray(body.routes)) {
    throw new NoRecord('its body is of a form this version does not know');
  }
  return body as HistoryBody;
}

function parseCause(why: string): HistoryEntry['snapshotOf'] {
  const known = (['first', 'foreign', 'periodic', 'wrongType'] as const).find((cause) => cause === why);
  if (known === undefined) throw new NoRecord('its cause is unknown');
  return known;
}
