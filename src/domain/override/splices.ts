import { RlctlError } from '../errors.js';
import type { HistoryBody, RouteChange, Splice } from './history.js';

function mismatch(splice: Splice): RlctlError {
  return new RlctlError('unexpected', `a recorded change does not fit the document at byte ${splice.at}`, {
    code: 'SPLICE_MISMATCH',
    hint: 'The document or its history was altered by something else: run "rlctl override history" and "rlctl override repair".',
    details: { at: splice.at },
  });
}

function applySplice(bytes: Uint8Array, splice: Splice): Uint8Array {
  const removed = Buffer.from(splice.removed);
  const tail = splice.at + removed.length;
  const stands = bytes.subarray(splice.at, tail);
  if (tail > bytes.length || !removed.equals(stands)) throw mismatch(splice);
  return Buffer.concat([bytes.subarray(0, splice.at), Buffer.from(splice.inserted), bytes.subarray(tail)]);
}

/**
 * The bytes after the splices, applied in order. Never changes its argument. Throws RlctlError `SPLICE_MISMATCH` where the
 * text that a splice removes does not stand there.
 */
export function applySplices(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  return splices.reduce(applySplice, bytes);
}

/** The splices that undo these, in the order in which they are to be applied. */
export function invertSplices(splices: readonly Splice[]): readonly Splice[] {
  return splices.map(({ at, removed, inserted }) => ({ at, removed: inserted, inserted: removed })).reverse();
}

/** The keys whose whole members are taken away by splices, as a move does; a change in place removes a value only. */
export function removedKeys(splices: readonly Splice[]): ReadonlySet<string> {
  return new Set(
    splices.flatMap(({ removed }) => {
      const key = /^[ \t\n\r,]*("(?:[^"\\]|\\.)*")[ \t\n\r]*:/.exec(removed)?.[1];
      return key === undefined ? [] : [JSON.parse(key) as string];
    }),
  );
}

/** True where a change left a route's bytes and place alone, and changed only what is known of it: when it ends. */
export function isKept({ splices }: Pick<HistoryBody, 'splices'>, { route, before, after }: RouteChange): boolean {
  return before === after && splices !== null && !removedKeys(splices).has(route);
}
