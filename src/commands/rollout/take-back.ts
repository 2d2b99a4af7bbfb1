import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { followedBy } from '../../domain/followed-by.js';
import { namesOfHeld, stoodOn } from '../../domain/panic/stood-on.js';
import { restoreWords } from '../../domain/panic/way-back.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import { referenceOf, type FlagBefore, type RolloutState } from '../../domain/rollout/state.js';
import { holdsTrue } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { flagsBefore, takeBackIntent, takingBackOf } from '../../procedures/rollout/take-back.js';
import { makeChange } from '../override/change.js';
import { openPanics } from '../panic/kept.js';
import type { FlagCommand } from '../shadow/flag-plan.js';
import { reachOf } from '../shadow/flips.js';
import { makeAll, ofChange, type Made, type ToMake } from './made.js';

// A stage of a rollout, or all of it, is taken back.

/** Takes back one stage, or with `null` the whole rollout; with --dry-run only shows how. */
export async function takeBack(
  context: Context,
  wanted: ToMake,
  state: RolloutState,
  stage: RolloutStage | null,
): Promise<Made> {
  try {
    return await putBack(context, wanted, state, stage);
  } catch (error) {
    throw error instanceof RlctlError && error.kind === 'conflict' && error.code !== standingCode
      ? await inTheWay(context, wanted.environment, error, againWith(state, stage))
      : error;
  }
}

const standingCode = 'PANIC_STANDS_ON_IT';

/** Throws a conflict where an open panic stands on what would be taken out of shadow: that panic would be over unsaid. */
async function assertNotStoodOn(
  context: Context,
  environment: Environment,
  whats: readonly string[],
  again: string,
): Promise<void> {
  if (whats.length === 0) return;
  const way = environment.shadowDriver === 'overrides' ? 'overrides' : 'flags';
  for (const { panic, held } of stoodOn(await openPanics(context, environment), way, whats)) {
    const { id, command, actor } = panic;
    const names = namesOfHeld(panic, held);
    const message = `panic ${id} (${command}, by ${actor}) is open and stands on ${names}: taking it back would end that panic; nothing was written`;
    throw new RlctlError('conflict', message, {
      code: standingCode,
      hint: `When the emergency is over, close the panic: ${restoreWords(panic, await reachOf(context, environment))}. Then take it back with: ${again}`,
      details: { panicId: id, standsOn: held },
    });
  }
}

/** What goes on with it: where it was begun it only has to be finished. */
function againWith({ phase }: RolloutState, stage: RolloutStage | null): string {
  if (phase === 'aborting' || phase === 'undoing') return 'rlctl rollout resume';
  return stage === null ? 'rlctl rollout undo' : 'rlctl rollout abort';
}

/** What somebody changed since may be a panic that is open: then that is said, with its way back. */
async function inTheWay(
  context: Context,
  environment: Environment,
  error: RlctlError,
  again: string,
): Promise<RlctlError> {
  const [panic] = await openPanics(context, environment).catch(() => []);
  const { kind, message, code, hint, details = {} } = error;
  if (panic === undefined)
    return new RlctlError(kind, message, { code, hint: followedBy(hint, `then take it back with: ${again}`), details });
  return new RlctlError(kind, `${message}; panic ${panic.id} (${panic.command}) is open`, {
    code,
    hint: `When the emergency is over, put back what was before it: ${restoreWords(panic, await reachOf(context, environment))}. That puts the stage in force again; take it back at once after it with: ${again}`,
    details: { ...details, panicId: panic.id },
  });
}

async function putBack(
  context: Context,
  { environment, mutation }: ToMake,
  state: RolloutState,
  stage: RolloutStage | null,
): Promise<Made> {
  const command = stage === null ? 'rollout undo' : 'rollout abort';
  const assertFree = (whats: readonly string[]): Promise<void> =>
    assertNotStoodOn(context, environment, whats, againWith(state, stage));
  const reference = referenceOf(state, stage);
  if (environment.shadowDriver === 'overrides') {
    return ofChange(
      await makeChange(context, mutation, (ports) => takeBackIntent(ports, { command, reference, assertFree })),
    );
  }
  const flags = flagsBefore(state, stage === null ? null : state.stage);
  const recorded = new Map(flags.map((flag) => [flag.bucket, recordOf(flag, state)]));
  const wasOn = ({ before }: FlagBefore): boolean => holdsTrue(before);
  // Where the panic itself set it, it no longer holds what the rollout wrote: that is a conflict with its own way out.
  const turnedOff = flags.filter((flag) => !wasOn(flag) && holdsTrue(flag.wrote));
  await assertFree(turnedOff.map(({ variable }) => variable));
  const named = { command, partOf: [takingBackOf(reference)] };
  const commands = [true, false].flatMap((isOn): readonly FlagCommand[] => {
    const buckets = flags.filter((flag) => wasOn(flag) === isOn).map(({ bucket }) => bucketNamed(environment, bucket));
    return buckets.length === 0 ? [] : [{ ...named, isOn, buckets, mutation, exactly: recorded }];
  });
  return makeAll(context, environment, commands);
}

function recordOf({ place, variable, before, wrote }: FlagBefore, state: RolloutState): FlagRecord {
  const { startedBy: actor, reason, ticket, startedAtMs } = state;
  return { place, variable, before, wrote, actor, reason, ticket, at: new Date(startedAtMs).toISOString() };
}
