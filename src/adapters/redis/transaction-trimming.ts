import type { OverrideWrite } from '../../ports/override-store.js';
import { rawEntries, type RawEntry } from './entry-codec.js';
import type { RedisLink } from './link.js';
import type { CommandWords } from './link-types.js';
import { valueOf } from './read-state.js';
import type { AttemptContext } from './script-attempt.js';
import { historyLimit, snapshotEvery } from './write-script.js';

/** The words by which XADD is told what to drop; none: nothing. */
export type Trimming = readonly string[];

const nothing: Trimming = [];

/**
 * What the script decides about trimming, computed here: everything before the newest snapshot that is not newer than the
 * cut. Call it under WATCH.
 */
export async function planTrimming(
  link: RedisLink,
  write: OverrideWrite,
  context: AttemptContext,
  from: { readonly sequence: number; readonly nowMs: number },
): Promise<Trimming> {
  const entries = historyLimit(write.next.length, context.limits.entries);
  const reader = new EntryReader(link, context);
  const first = await reader.oldest();
  if (first === 'denied') return ['MAXLEN', '~', String(entries)];
  const oldest = first === null ? null : numberOf(first, 'seq');
  if (first === null || oldest === null) return nothing;
  const { ageMs } = context.limits;
  const byAge = ageMs === null ? null : await ageCut(reader, first, from.nowMs - ageMs);
  const byCount = await countCut(reader, first, from.sequence - oldest + 1 - entries);
  const state = { first: oldest, trimming: nothing };
  for (const cut of [byAge, byCount]) {
    const base = cut === null ? null : await baseOf(reader, cut, state.first);
    if (base === null) continue;
    state.first = numberOf(base, 'seq') ?? state.first;
    state.trimming = ['MINID', base.entryId];
  }
  return state.trimming;
}

/** The newest entry that is too old; `null`: none is. */
async function ageCut(reader: EntryReader, first: RawEntry, oldestMs: number): Promise<RawEntry | null> {
  if (Number(first.entryId.split('-', 1)[0]) >= oldestMs) return null;
  const [cut] = await reader.read('XREVRANGE', String(oldestMs - 1), '-', 1);
  return cut ?? null;
}

/** The first entry that is to stay for its number, or one before it where that is far; `null`: there are not too many. */
async function countCut(reader: EntryReader, first: RawEntry, excess: number): Promise<RawEntry | null> {
  if (excess <= snapshotEvery) return null;
  const page = await reader.read('XRANGE', `(${first.entryId}`, '+', Math.min(excess, 2 * snapshotEvery));
  return page.at(-1) ?? null;
}

/** The snapshot from which an entry is replayed; `null`: it is the first entry, or not there. */
async function baseOf(reader: EntryReader, cut: RawEntry, first: number): Promise<RawEntry | null> {
  const [sequence, since] = [numberOf(cut, 'seq'), numberOf(cut, 'since')];
  if (sequence === null || since === null || sequence - since <= first) return null;
  const base = (await reader.read('XREVRANGE', cut.entryId, '-', since + 1)).at(-1);
  const isBase = base?.fields.get('kind')?.toString() === 'snapshot' && numberOf(base, 'seq') === sequence - since;
  return base && isBase ? base : null;
}

function numberOf({ fields }: RawEntry, name: string): number | null {
  const text = fields.get(name)?.toString() ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

class EntryReader {
  constructor(
    readonly link: RedisLink,
    readonly context: AttemptContext,
  ) {}

  async read(command: 'XRANGE' | 'XREVRANGE', from: string, to: string, count: number): Promise<readonly RawEntry[]> {
    const [reply] = await this.link.run([this.#words(command, from, to, count)], this.context.budget);
    return rawEntries(valueOf(reply));
  }

  /** The oldest entry; `null`: there is none. Who may not read from that end is trimmed less exactly. */
  async oldest(): Promise<RawEntry | 'denied' | null> {
    const [reply] = await this.link.run([this.#words('XRANGE', '-', '+', 1)], this.context.budget);
    if (reply?.kind === 'error' && reply.failure.word === 'NOPERM') return 'denied';
    return rawEntries(valueOf(reply))[0] ?? null;
  }

  #words(command: string, from: string, to: string, count: number): CommandWords {
    return [command, this.context.keys.history, from, to, 'COUNT', String(count)];
  }
}
