import { RlctlError } from '../errors.js';
import type { HistoryBody, RouteChange, Splice } from './history.js';

function mismatch(splice: Splice): RlctlError {
  return new RlctlError('unexpected', `a recorded change does not fit the document at byte ${splice.at}`, {
    code: 'SPLICE_MISMATCH',
    hint: 'The document or its history was altered by something else: run "rlctl override history" and "rlctl override repair".',
    details: { at: splice.at },
  });
}

/** Where what a splice removes ends; throws where it does not stand there. */
function tailOf(bytes: Uint8Array, splice: Splice): number {
  const removed = Buffer.from(splice.removed);
  const tail = splice.at + removed.length;
  if (tail > bytes.length || !removed.equals(bytes.subarray(splice.at, tail))) throw mismatch(splice);
  return tail;
}

function applySplice(bytes: Uint8Array, splice: Splice): Uint8Array {
  const tail = tailOf(bytes, splice);
  return Buffer.concat([bytes.subarray(0, splice.at), Buffer.from(splice.inserted), bytes.subarray(tail)]);
}

/** True where each splice ends before the one that is applied before it, so that all offsets are those of the bytes before. */
function isBackwards(splices: readonly Splice[]): boolean {
  return splices.every(({ at, removed }, index) => {
    const earlier = splices[index - 1];
    return earlier === undefined || at + Buffer.byteLength(removed) <= earlier.at;
  });
}

/** The same in one pass: copying the document for each of many splices takes minutes. */
function applyBackwards(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = bytes.length;
  for (const splice of splices) {
    parts.push(bytes.subarray(tailOf(bytes, splice), end), Buffer.from(splice.inserted));
    end = splice.at;
  }
  return Buffer.concat([...parts, bytes.subarray(0, end)].reverse());
}

/**
 * The bytes after the splices, applied in order. Never changes its argument. Throws RlctlError `SPLICE_MISMATCH` where the
 * text that a splice removes does not stand there.
 */
export function applySplices(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  return splices.length > 1 && isBackwards(splices)
    ? applyBackwards(bytes, splices)
    : splices.reduce(applySplice, bytes);
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
