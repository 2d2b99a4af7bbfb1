import { chainAfter, type ChainedFields } from './chain.js';
import type { AuditFinding, AuditFault, AuditHead } from './finding.js';
import { NumberOrder } from './order.js';
import { NoRecord, readRecord, type HistoryRecord, type ReadRecord } from './record.js';
import { DocumentTrail } from './trail.js';

/** How far the time of an entry may lie from when its client sent it, milliseconds: the clock was set, or many retries. */
const clockSlackMs = { early: 5000, late: 3_600_000 };

/** A finding, and at which entry it showed, counted from 0. */
interface PlacedFinding {
  readonly position: number;
  readonly finding: AuditFinding;
}

/**
 * Recomputes a history, entry by entry, oldest first: numbers, hash chain, carried documents, edits, times. What is found
 * is put down and gone on from, so that one fault is told once and the next is found as well.
 */
export class HistoryVerifier {
  readonly trail = new DocumentTrail();
  readonly changeIds = new Set<string>();
  readonly #findings: PlacedFinding[] = [];
  readonly #order = new NumberOrder();
  /** The values the chain may go on from, by number: what is stored, and what was recomputed where that differs. */
  readonly #chains = new Map<number, readonly string[]>();
  /** Entries whose predecessor has not come yet. */
  readonly #waiting = new Map<number, { readonly record: ReadRecord; readonly position: number }>();
  #checked = 0;
  #first: ReadRecord | null = null;
  #last: ReadRecord | null = null;
  #before: HistoryRecord | null = null;

  /** Entries seen so far. */
  get checked(): number {
    return this.#checked;
  }

  /** The first entry that could be read; `null`: none. */
  get first(): ReadRecord | null {
    return this.#first;
  }

  /** The last entry that could be read; `null`: none. */
  get last(): ReadRecord | null {
    return this.#last;
  }

  /** Takes the next record. */
  take(record: HistoryRecord): void {
    const position = this.#checked;
    this.#checked += 1;
    const earlier = this.#before;
    this.#before = record;
    try {
      this.#entry(readRecord(record), position);
    } catch (error) {
      if (!(error instanceof NoRecord)) throw error;
      this.#unreadable(record, error.message, position);
    }
    if (earlier !== null && compareIds(earlier.entryId, record.entryId) >= 0) {
      this.#put('TIME_BACKWARDS', record.entryId, null, position, `its time lies before that of ${earlier.entryId}`);
    }
  }

  /** Everything found, in the order of the entries. */
  findings(): readonly AuditFinding[] {
    const missing = this.#order.missing().map(({ from, position, message }): PlacedFinding => {
      return { position, finding: { code: 'ENTRY_MISSING', entryId: null, sequence: from, message } };
    });
    const all = [...this.#start(), ...missing, ...this.#findings];
    return all.toSorted((left, right) => left.position - right.position).map(({ finding }) => finding);
  }

  /** The chain's value at a number; `undefined`: no such entry was seen. */
  chainAt(sequence: number): string | undefined {
    return this.#chains.get(sequence)?.[0];
  }

  #entry(record: ReadRecord, position: number): void {
    const { entry } = record;
    const { expected } = this.#order;
    this.#first ??= record;
    if (entry.kind === 'change') this.changeIds.add(entry.changeId);
    const renumbered =
      expected !== null && entry.sequence !== expected && this.#follows(record, { sequence: expected });
    const sequence = renumbered ? expected : entry.sequence;
    const fault = this.#order.take(sequence, entry.entryId, position);
    if (fault !== null) {
      if (fault.code === 'ENTRY_REORDERED') this.#chain(record, position);
      this.#put(fault.code, entry.entryId, entry.sequence, position, fault.why);
      this.trail.skip();
      return;
    }
    const isNext = expected === null || sequence === expected;
    const why = renumbered ? `its number ${entry.sequence} was altered; it is number ${expected}` : null;
    const broken = why ?? this.#chain(record, position);
    const content = this.trail.take(record, isNext && expected !== null);
    const cause =
      broken === chainBroken && content !== null ? `${content}, and its hash does not fit` : (broken ?? content);
    if (renumbered) this.#chains.set(sequence, [entry.chain]);
    this.#last = record;
    const said = cause ?? timeFault(record);
    if (said !== null) this.#put('ENTRY_TAMPERED', entry.entryId, sequence, position, said);
  }

  /** Checks the chain's value of an entry; a sentence where it does not fit. */
  #chain(record: ReadRecord, position: number): string | null {
    const { entry } = record;
    const before = entry.sequence === 1 ? [''] : this.#chains.get(entry.sequence - 1);
    const computed = (before ?? []).map((each) => chainAfter(each, chainedOf(record)));
    const isRight = before === undefined || computed.includes(entry.chain);
    this.#chains.set(entry.sequence, isRight ? [entry.chain] : [entry.chain, ...computed]);
    if (before === undefined) this.#waiting.set(entry.sequence, { record, position });
    this.#release(entry.sequence);
    return isRight ? null : (this.#altered(record) ?? chainBroken);
  }

  /** The entry that waited for this one. */
  #release(sequence: number): void {
    const waiting = this.#waiting.get(sequence + 1);
    this.#waiting.delete(sequence + 1);
    if (waiting === undefined) return;
    const { record, position } = waiting;
    const fault = this.#chain(record, position);
    const { entryId } = record.entry;
    if (fault !== null) this.#put('ENTRY_TAMPERED', entryId, record.entry.sequence, position, fault);
  }

  /** The one field that, put right, makes the chain fit again. */
  #altered(record: ReadRecord): string | null {
    const { entry } = record;
    const { known } = this.trail;
    const isSnapshot = entry.kind === 'snapshot';
    const others: readonly (readonly [string, Partial<ChainedFields>])[] = [
      ['kind', { kind: isSnapshot ? 'change' : 'snapshot' }],
      ['prev', { prev: isSnapshot ? entry.next : (this.#last?.entry.next ?? '') }],
      ['prev', { prev: known?.revision ?? '' }],
      ['next', { next: isSnapshot ? entry.prev : (this.trail.wouldLead(record) ?? '') }],
      ['id', { changeId: this.#last?.entry.changeId ?? '' }],
    ];
    const found = others.find(([, change]) => this.#follows(record, change));
    return found === undefined ? null : `its field "${found[0]}" was altered`;
  }

  #follows(record: ReadRecord, change: Partial<ChainedFields>): boolean {
    const fields = { ...chainedOf(record), ...change };
    const before = fields.sequence === 1 ? [''] : (this.#chains.get(fields.sequence - 1) ?? []);
    return before.some((each) => chainAfter(each, fields) === record.entry.chain);
  }

  /** An entry that is not of rlctl's making, or was made unreadable: it keeps the place of the number it should have. */
  #unreadable({ entryId, fields }: HistoryRecord, why: string, position: number): void {
    const text = (name: string): string => Buffer.from(fields.get(name) ?? []).toString('latin1');
    const { expected } = this.#order;
    const isNumbered = /^[1-9]\d{0,14}$/.test(text('seq'));
    const isInPlace = expected !== null && (!isNumbered || Number(text('seq')) === expected) && text('chain') !== '';
    if (isInPlace) {
      this.#order.take(expected, entryId, position);
      this.#chains.set(expected, [text('chain')]);
    }
    this.trail.skip();
    this.#put(
      'ENTRY_UNREADABLE',
      entryId,
      isInPlace ? expected : null,
      position,
      `it is not as rlctl writes it: ${why}`,
    );
  }

  /** Trimming leaves a snapshot at the start, so anything else there means that something is gone. */
  #start(): readonly PlacedFinding[] {
    const entry = this.#first?.entry;
    if (!entry || entry.sequence === 1 || entry.kind === 'snapshot') return [];
    const message = `the history begins with change ${entry.sequence}, and nothing says what the document was before it: earlier entries were deleted, or trimmed for a user who may not run XRANGE`;
    const finding = { code: 'START_MISSING' as const, entryId: entry.entryId, sequence: entry.sequence, message };
    return [{ position: -1, finding }];
  }

  #put(code: AuditFault, entryId: string, sequence: number | null, position: number, why: string): void {
    const name = sequence === null ? `entry ${entryId}` : `entry ${sequence} (${entryId})`;
    this.#findings.push({ position, finding: { code, entryId, sequence, message: `${name}: ${why}` } });
  }
}

const chainBroken =
  'its hash does not follow from the entry before it and its own fields: its body, its id or the hash itself was altered';

function chainedOf({ entry, bodyText }: ReadRecord): ChainedFields {
  const { kind, changeId, sequence, prev, next } = entry;
  return { kind, changeId, sequence, prev, next, body: bodyText };
}

function timeFault({ entry }: ReadRecord): string | null {
  const sentMs = entry.body?.atMs;
  if (typeof sentMs !== 'number') return null;
  const distance = entry.timeMs - sentMs;
  if (distance >= -clockSlackMs.early && distance <= clockSlackMs.late) return null;
  return `its time is not when it was sent (${new Date(sentMs).toISOString()})`;
}

/** Negative: the left id is the earlier one. */
function compareIds(left: string, right: string): number {
  const [leftMs = 0, leftNumber = 0] = left.split('-').map(Number);
  const [rightMs = 0, rightNumber = 0] = right.split('-').map(Number);
  return leftMs - rightMs || leftNumber - rightNumber;
}

/** Compares a history with a point of it that was right before. `null`: it holds, or the point was trimmed since. */
export function anchorFault(verifier: HistoryVerifier, anchor: AuditHead): AuditFinding | null {
  const { first, last } = verifier;
  const { sequence } = anchor;
  if (last === null || sequence > last.entry.sequence) {
    const end = last === null ? 'it is empty' : `it ends with number ${last.entry.sequence}`;
    const message = `the history reached number ${sequence} when it was seen before, and now ${end}: its end was removed, or it was begun anew`;
    return { code: 'END_MISSING', entryId: last?.entry.entryId ?? null, sequence, message };
  }
  const chain = verifier.chainAt(sequence);
  if (chain === anchor.chain || sequence < (first?.entry.sequence ?? 0) || chain === undefined) return null;
  const message = `entry ${sequence} has another hash than when it was seen before: it, or something before it, was rewritten`;
  return { code: 'PAST_REWRITTEN', entryId: null, sequence, message };
}
