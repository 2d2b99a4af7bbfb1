import type { Context } from '../../context.js';
import { bucketNamed, flagVariables } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { isPartOf, type OperationRef } from '../../domain/operation/reference.js';
import { holdsTrue } from '../../domain/shadow/env-file.js';
import { isSetHere, latestFlips, recordOver, type KnownFlip } from '../../domain/shadow/flip-log.js';
import type { FlagResult } from '../../procedures/shadow/change-flags.js';
import type { MutationInput } from '../mutation.js';
import { endingRemarks } from '../panic/ended.js';
import { makeFlagChange } from '../shadow/flags.js';
import { flagsHere } from '../shadow/flips.js';
import { knownFlips } from '../shadow/known-flips.js';

// What a step set past the document, in an env file or by a program, no history of overrides takes back.

interface FlagUndo {
  /** The step of a run that set them. */
  readonly part: OperationRef;
  /** What the history calls it. */
  readonly command: string;
  readonly mutation: MutationInput;
}

/**
 * Takes back the flags that a step set, in a file to the exact text that stood there, and proves it; `null`: it set none.
 * Throws a conflict (5) where somebody changed one by hand since, a guard (6) where they cannot be set from here.
 */
export async function undoFlags(
  context: Context,
  environment: Environment,
  { part, command, mutation }: FlagUndo,
): Promise<FlagResult | null> {
  if (environment.shadowDriver === 'overrides') return null;
  const operations = await context.operationStore(environment);
  const known = await knownFlips(context, environment, { operations, deadline: context.deadline });
  const flips = known.filter(({ partOf }) => isPartOf(partOf, part));
  const here = await flagsHere(context, environment);
  const elsewhere = flips.find((flip) => !isSetHere(flip, here));
  if (elsewhere !== undefined) throw setElsewhere(elsewhere);
  let result: FlagResult | null = null;
  for (const isOn of [true, false]) {
    const back = latestFlips(flips).filter((flip) => wasOn(flips, flip) === isOn);
    if (back.length === 0 || (result !== null && result.exit !== 'ok')) continue;
    const buckets = back.map(({ bucket }) => bucketNamed(environment, bucket));
    const exactly = new Map(back.flatMap((flip) => recorded(flips, flip)));
    const remarks = isOn ? [] : await endingRemarks(context, environment, 'flags', buckets.flatMap(flagVariables));
    const made = await makeFlagChange(context, environment, { isOn, buckets, mutation, command, exactly, remarks });
    if (made.kind === 'planned') throw new TypeError('nothing was to be planned');
    ({ result } = made);
  }
  return result;
}

function recorded(flips: readonly KnownFlip[], flip: KnownFlip) {
  const record = recordOver(flips, flip);
  return record === null ? [] : [[flip.bucket, record] as const];
}

/** What a program set it was not before: it is not run for what the server says already. */
function wasOn(flips: readonly KnownFlip[], flip: KnownFlip): boolean {
  const record = recordOver(flips, flip);
  if (record !== null) return holdsTrue(record.before);
  return flips.find(({ bucket, place }) => bucket === flip.bucket && place === flip.place)?.isOn === false;
}

function setElsewhere({ bucket, place, machine }: KnownFlip): RlctlError {
  const where = machine === undefined ? place : `${place} on ${machine}`;
  return new RlctlError('guard', `the flag of ${bucket} was set in ${where}, which is not set from here`, {
    code: 'FLAGS_ELSEWHERE',
    hint: `Take the run back where ${where} is set`,
    details: { bucket, place, machine: machine ?? null },
  });
}
