import { commandAt, onOther, type Origin, type Reach } from '../operation/origin.js';
import type { Panic } from './panics.js';

/** A panic, as far as it matters where it can be taken back. */
export type PlacedPanic = Pick<Panic, 'id' | 'way' | 'place' | 'from'>;

/** Where a panic was declared whose flags or switch this configuration does not set; `null`: it does, or nobody kept it. */
export function declaredElsewhere({ way, place, from }: PlacedPanic, reach: Reach): Origin | null {
  if (way === 'overrides' || place === undefined || from === undefined) return null;
  return place === (way === 'flags' ? reach.flags : reach.killSwitch) ? null : from;
}

/** The command that restores a panic, by the environment that can do it. */
export function restoreCommand(panic: PlacedPanic, reach: Reach): string {
  const elsewhere = declaredElsewhere(panic, reach);
  if (elsewhere === null) return `rlctl panic restore ${panic.id}`;
  return commandAt(['panic', 'restore', panic.id], elsewhere, reach);
}

/** The same in a sentence, with the machine where that is another one. */
export function restoreWords(panic: PlacedPanic, reach: Reach): string {
  const elsewhere = declaredElsewhere(panic, reach);
  return `${restoreCommand(panic, reach)}${elsewhere === null ? '' : onOther(elsewhere, reach)}`;
}
