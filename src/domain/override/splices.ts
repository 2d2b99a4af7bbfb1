import { RlctlError } from '../errors.js';
import type { HistoryBody, RouteChange, Splice } from './history.js';

function mismatch(splice: Splice): RlctlError {
  return new RlctlError('unexpected', `a recorded change does not fit the document at byte ${splice.at}`, {
    code: 'SPLICE_MISMATCH',
    hint: 'The document or its history was altered by something else: run "rlctl override history" and "rlctl override repair".',
    details: { at: splice.at },
  });
}

/** A splice with its offset in the bytes before its whole run. */
interface Placed {
  readonly splice: Splice;
  readonly at: number;
  readonly removed: Buffer;
  readonly inserted: Buffer;
}

function placed(splice: Splice): Placed {
  return { splice, at: splice.at, removed: Buffer.from(splice.removed), inserted: Buffer.from(splice.inserted) };
}

/** One pass over the bytes for a run of splices in ascending order that do not touch each other's text. */
function applyRun(bytes: Uint8Array, run: readonly Placed[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let reached = 0;
  for (const { splice, at, removed, inserted } of run) {
    const end = at + removed.length;
    if (at < reached || end > bytes.length || !removed.equals(bytes.subarray(at, end))) throw mismatch(splice);
    parts.push(bytes.subarray(reached, at), inserted);
    reached = end;
  }
  return Buffer.concat([...parts, bytes.subarray(reached)]);
}

/** How many splices from `start` on each lie wholly before the one before it. */
function descendingFrom(splices: readonly Placed[], start: number): number {
  let end = start + 1;
  for (; end < splices.length; end += 1) {
    const [earlier, splice] = [splices[end - 1], splices[end]];
    if (earlier === undefined || splice === undefined || splice.at + splice.removed.length > earlier.at) break;
  }
  return end - start;
}

/** Those from `start` on that each lie wholly after what the one before it inserted, with offsets before any of them. */
function ascendingFrom(splices: readonly Placed[], start: number): readonly Placed[] {
  const run: Placed[] = [];
  let [reached, shift] = [-Infinity, 0];
  for (let index = start; index < splices.length; index += 1) {
    const splice = splices[index];
    if (splice === undefined || splice.at < reached) break;
    run.push({ ...splice, at: splice.at - shift });
    reached = splice.at + splice.inserted.length;
    shift += splice.inserted.length - splice.removed.length;
  }
  return run;
}

/**
 * The bytes after the splices, applied in order. Never changes its argument. Splices that follow each other in one
 * direction cost one pass together, not one each. Throws RlctlError `SPLICE_MISMATCH` where the text that a splice removes
 * does not stand there.
 */
export function applySplices(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  const all = splices.map(placed);
  let current = bytes;
  for (let start = 0; start < all.length;) {
    const descending = descendingFrom(all, start);
    const run = descending > 1 ? all.slice(start, start + descending).reverse() : ascendingFrom(all, start);
    current = applyRun(current, run);
    start += run.length;
  }
  return current;
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
