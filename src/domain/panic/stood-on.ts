import { isOpen, type Panic } from './panics.js';

/** An open panic, and what of it a change is about to take out of shadow. */
export interface StoodOn {
  readonly panic: Panic;
  /** Prefixes or variables; never empty. */
  readonly held: readonly string[];
}

/** The open panics that stand on any of these prefixes (`overrides`) or variables (`flags`). */
export function stoodOn(
  panics: readonly Panic[],
  way: 'overrides' | 'flags',
  whats: readonly string[],
): readonly StoodOn[] {
  return panics.flatMap((panic) => {
    const held = whats.filter((what) => isOpen(panic) && panic.way === way && panic.standsOn.includes(what));
    return held.length === 0 ? [] : [{ panic, held }];
  });
}

/** `"/api/payments"`, `RATE_LIMIT_SHADOW_AUTH`: what panics stand on, in a sentence. */
export function namesOfHeld({ way }: Pick<Panic, 'way'>, whats: readonly string[]): string {
  return whats.map((what) => (way === 'overrides' ? JSON.stringify(what) : what)).join(', ');
}

/** What becomes of a panic by taking out of shadow what it stands on, in a sentence. `restore`: the command that closes it. */
export function endingRemark({ panic, held }: StoodOn, restore: string): string {
  const { id, command, actor, standsOn } = panic;
  const left = standsOn.filter((what) => !held.includes(what));
  const after =
    left.length === 0 ? 'that panic is over with this' : `it goes on with ${namesOfHeld(panic, left)} alone after this`;
  return `panic ${id} (${command}, by ${actor}) is open and stands on ${namesOfHeld(panic, held)}: ${after}; to put back all that it changed instead: ${restore}`;
}

/** Whose panic keeps in shadow what is to be so for a while, in a sentence. `restore`: the command that closes it. */
export function holdingRemark({ panic, held }: StoodOn, restore: string): string {
  const { id, command, actor } = panic;
  return `panic ${id} (${command}, by ${actor}) is open and holds ${namesOfHeld(panic, held)} in shadow, until: ${restore}`;
}
