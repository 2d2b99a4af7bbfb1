import { findMember, rawValue, scanDocument } from '../../domain/override/document.js';
import { RlctlError } from '../../domain/errors.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { takeEffect, withProof, type Effect, type EffectInput, type Expectation } from '../effect.js';
import type { OnStep } from '../step.js';
import type { ChangePorts } from './change.js';

/** How often a document that goes on changing is proven anew. */
const mostProofs = 3;

/**
 * The effect of what was just stored, where others may write at the same moment. What servers show is compared with what
 * is stored *now*: a change of another route is no contradiction, and is proven along. Where somebody has changed a route
 * of this change since, no proof of it can be had any more: not proven, and it is said who wrote. Never throws for what a
 * server or a network does.
 */
export async function takeStandingEffect(
  ports: ChangePorts,
  input: EffectInput,
  expected: Expectation,
  onStep?: OnStep,
): Promise<Effect> {
  let wanted = expected;
  for (let count = 1; ; count += 1) {
    const effect = await takeEffect(ports, input, wanted, onStep);
    if (effect.proof.verdict === 'proven' || effect.proof.verdict === 'notAttempted') return effect;
    const now = await storedNow(ports);
    if (now === null || isSame(now.bytes, wanted.storedBytes)) return effect;
    const lost = expected.changed.filter((route) => rawIn(now.bytes, route) !== rawIn(expected.storedBytes, route));
    if (lost.length > 0) return overtaken(effect, lost, now);
    if (count === mostProofs || ports.deadline.interrupted.aborted) return effect;
    onStep?.('somebody changed other routes meanwhile; proving again');
    wanted = { ...expected, storedBytes: now.bytes };
  }
}

/** `null`: it cannot be told; then what was seen is all there is. */
async function storedNow({ store, deadline }: ChangePorts): Promise<StoredOverrides | null> {
  try {
    const now = await store.read(deadline);
    return now.bytes === null ? null : now;
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

function isSame(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left !== null && right !== null && Buffer.from(left).equals(right);
}

/** The exact text of an entry; `null`: there is none, or the document cannot be read. */
function rawIn(bytes: Uint8Array | null, route: string): string | null {
  try {
    const document = scanDocument(bytes);
    const member = findMember(document, route);
    return member === undefined ? null : rawValue(document, member);
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

function overtaken(effect: Effect, lost: readonly string[], { lastEntry, revision }: StoredOverrides): Effect {
  // The newest entry of the history may be this change itself, where somebody wrote past it.
  const isRecorded = lastEntry?.next === revision && lastEntry.body !== null;
  const by = isRecorded ? ` (last change ${lastEntry.changeId} by ${lastEntry.body.actor})` : ' past rlctl';
  const names = lost.map((route) => JSON.stringify(route)).join(', ');
  const diagnosis = `${names} was changed again since${by}, so this change is not what is stored any more; see: rlctl override history`;
  const proof = {
    ...effect.proof,
    verdict: 'notProven' as const,
    levelReached: 'none' as const,
    trap: null,
    diagnosis,
  };
  return { ...withProof(effect, proof), isOvertaken: true };
}
