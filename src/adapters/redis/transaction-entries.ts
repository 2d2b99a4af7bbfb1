import { chainAfter } from '../../domain/audit/chain.js';
import { revisionOf } from '../../domain/revision.js';
import type { OverrideWrite } from '../../ports/override-store.js';
import type { DocumentState } from './attempt.js';
import { rawEntries, type RawEntry } from './entry-codec.js';
import type { RedisLink } from './link.js';
import type { CommandWords, ReplyValue } from './link-types.js';
import { valueOf } from './read-state.js';
import { bufferOf, unreadableEntry, type AttemptContext } from './script-attempt.js';
import { planTrimming, type Trimming } from './transaction-trimming.js';
import { snapshotEvery } from './write-script.js';

/** The history entries of one change, ready to be added. */
export interface EntryPlan {
  readonly why: string;
  readonly commands: readonly CommandWords[];
}

/** What the script decides about snapshots, sequence and chain, computed here. Reads the newest entry; call it under WATCH. */
export async function planEntries(
  link: RedisLink,
  write: OverrideWrite,
  context: AttemptContext,
  state: DocumentState,
  isWrong: boolean,
): Promise<EntryPlan> {
  const { history, document } = context.keys;
  const [reply] = await link.run([['XREVRANGE', history, '+', '-', 'COUNT', '1']], context.budget);
  const last = rawEntries(valueOf(reply))[0];
  const from = startOf(last, history);
  const prev = revisionOf(write.expected);
  const why = isWrong ? 'wrongType' : snapshotCause(from, prev, state.bytes !== null);
  const trimming = await planTrimming(link, write, context, { sequence: from.sequence, nowMs: state.serverTimeMs });
  const entries = new EntryBuilder(from, write, history, trimming);
  if (why !== '') {
    const carried: CommandWords[] = [['DUMP', document]];
    const dump = isWrong ? valueOf((await link.run(carried, context.budget))[0]) : null;
    entries.append('snapshot', prev, prev, '', ['why', why, ...carriedBytes(dump, state.bytes)]);
  }
  const body = JSON.stringify(write.body);
  const carries = write.body.splices === null ? ['doc', bufferOf(write.next)] : [];
  entries.append('change', prev, revisionOf(write.next), body, ['body', body, ...carries]);
  return { why, commands: entries.commands };
}

function carriedBytes(dump: ReplyValue, document: Uint8Array | null): (string | Buffer)[] {
  if (Buffer.isBuffer(dump)) return ['dump', dump];
  return document === null ? [] : ['doc', bufferOf(document)];
}

interface ChainStart {
  readonly sequence: number;
  readonly chain: string;
  readonly since: number;
  /** The revision the newest entry left; `null`: there is no entry. */
  readonly next: string | null;
}

function startOf(last: RawEntry | undefined, historyKey: string): ChainStart {
  if (!last) return { sequence: 0, chain: '', since: 0, next: null };
  const [sequence, since] = [Number(last.fields.get('seq') ?? NaN), Number(last.fields.get('since') ?? NaN)];
  const chain = last.fields.get('chain')?.toString();
  if (Number.isNaN(sequence + since) || chain === undefined) throw unreadableEntry(last.entryId, historyKey);
  return { sequence, chain, since, next: last.fields.get('next')?.toString() ?? '' };
}

function snapshotCause(from: ChainStart, prev: string, hasDocument: boolean): string {
  if (from.next === null) return hasDocument ? 'first' : '';
  if (from.next !== prev) return 'foreign';
  return from.since >= snapshotEvery ? 'periodic' : '';
}

/** Builds the XADD commands of one change, continuing sequence, chain and the count since the last snapshot. */
class EntryBuilder {
  readonly commands: CommandWords[] = [];
  #sequence: number;
  #chain: string;
  #since: number;

  constructor(
    from: ChainStart,
    readonly write: OverrideWrite,
    readonly historyKey: string,
    readonly trimming: Trimming,
  ) {
    [this.#sequence, this.#chain, this.#since] = [from.sequence, from.chain, from.since];
  }

  append(
    kind: 'change' | 'snapshot',
    prev: string,
    next: string,
    body: string,
    extra: readonly (string | Buffer)[],
  ): void {
    const { changeId } = this.write;
    this.#sequence += 1;
    this.#since = kind === 'snapshot' ? 0 : this.#since + 1;
    this.#chain = chainAfter(this.#chain, { kind, changeId, sequence: this.#sequence, prev, next, body });
    const fields = [
      'kind',
      kind,
      'id',
      changeId,
      'seq',
      String(this.#sequence),
      'prev',
      prev,
      'next',
      next,
      'chain',
      this.#chain,
    ];
    this.commands.push([
      'XADD',
      this.historyKey,
      ...this.trimming,
      '*',
      ...fields,
      'since',
      String(this.#since),
      ...extra,
    ]);
  }
}
