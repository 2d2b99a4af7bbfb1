import { counted } from '../counted.js';
import type { AuditFault } from './finding.js';

interface Gap {
  from: number;
  to: number;
  /** The entries beside it. */
  readonly after: string | null;
  readonly before: string;
  readonly position: number;
}

/** What is wrong with an entry's number, and a sentence about it. */
export interface OrderFault {
  readonly code: AuditFault;
  readonly why: string;
}

/** Numbers that are not there. */
export interface MissingNumbers {
  readonly from: number;
  readonly to: number;
  /** At which entry it showed, counted from 0. */
  readonly position: number;
  readonly message: string;
}

/** Follows the numbers of the entries: each one more than the one before. */
export class NumberOrder {
  readonly #gaps: Gap[] = [];
  #last: { sequence: number; entryId: string } | null = null;

  /** The number that the next entry has to have; `null`: any, because none was seen yet. */
  get expected(): number | null {
    return this.#last === null ? null : this.#last.sequence + 1;
  }

  /** Takes the next entry's number. `null`: it is right, or what is missing before it is told in the end. */
  take(sequence: number, entryId: string, position: number): OrderFault | null {
    const { expected } = this;
    if (expected !== null && sequence < expected) return this.#late(sequence);
    if (expected !== null && sequence > expected) {
      this.#gaps.push({
        from: expected,
        to: sequence - 1,
        after: this.#last?.entryId ?? null,
        before: entryId,
        position,
      });
    }
    this.#last = { sequence, entryId };
    return null;
  }

  /** What never came. */
  missing(): readonly MissingNumbers[] {
    return this.#gaps.map(({ from, to, after, before, position }) => {
      const what =
        from === to
          ? `entry ${from} is`
          : `entries ${from} to ${to} (${counted(to - from + 1, 'entry', 'entries')}) are`;
      return { from, to, position, message: `${what} missing between ${after ?? 'the start'} and ${before}` };
    });
  }

  #late(sequence: number): OrderFault {
    const at = this.#gaps.findIndex(({ from, to }) => from <= sequence && sequence <= to);
    const gap = this.#gaps[at];
    if (gap === undefined) return { code: 'ENTRY_INSERTED', why: `number ${sequence} was there before` };
    const parts = [
      { ...gap, to: sequence - 1 },
      { ...gap, from: sequence + 1 },
    ];
    this.#gaps.splice(at, 1, ...parts.filter(({ from, to }) => from <= to));
    return { code: 'ENTRY_REORDERED', why: `number ${sequence} stands behind number ${this.#last?.sequence ?? 0}` };
  }
}
