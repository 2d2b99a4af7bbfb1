import { flipLogName, flipLogText, isSameFlip, parseFlipLog, type KnownFlip } from '../../domain/shadow/flip-log.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationStore } from '../../ports/operation-store.js';

export interface FlipLogPorts {
  readonly operations: OperationStore;
  readonly deadline: Deadline;
}

/** Several people who set flags at once are rare. */
const mostTries = 5;

/** The flags that anybody set past the document, oldest first. Throws what the store throws. */
export async function flipLog({ operations, deadline }: FlipLogPorts): Promise<readonly KnownFlip[]> {
  return parseFlipLog((await operations.read(flipLogName, deadline)).text);
}

/**
 * Tells everybody what was set, or is about to be, in place of what was told of the same changes before; `isTakenBack`: nothing
 * of it was set, and it is told no more. False: others were faster again and again, and it is not told.
 */
export async function logFlips(
  { operations, deadline }: FlipLogPorts,
  flips: readonly KnownFlip[],
  isTakenBack = false,
): Promise<boolean> {
  let { text } = await operations.read(flipLogName, deadline);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const others = parseFlipLog(text).filter((told) => !flips.some((flip) => isSameFlip(flip, told)));
    const next = flipLogText(isTakenBack ? others : [...others, ...flips]);
    const outcome = await operations.write(flipLogName, { expected: text, next, token: null }, deadline);
    if (outcome.kind === 'written') return true;
    ({ text } = outcome.current);
  }
  return false;
}
