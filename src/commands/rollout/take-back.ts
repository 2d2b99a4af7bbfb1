import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { followedBy } from '../../domain/followed-by.js';
import { namesOfHeld, stoodOn } from '../../domain/panic/stood-on.js';
import { restoreCommand, restoreWords } from '../../domain/panic/way-back.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import { backIntoShadow } from '../../domain/rollout/way-out.js';
import {
  currentRecord,
  referenceOf,
  shadowedBelow,
  stagesBelow,
  unreachedWhenEntered,
  type FlagBefore,
  type RolloutState,
} from '../../domain/rollout/state.js';
import { loadOverrides, matchOverride } from '../../domain/policy/matching.js';
import { shellWords } from '../../domain/shell-words.js';
import { holdsTrue } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { flagsBefore, foundEnforcedText, takeBackIntent, takingBackOf } from '../../procedures/rollout/take-back.js';
import { makeChange } from '../override/change.js';
import { openPanics } from '../panic/kept.js';
import type { FlagCommand } from '../shadow/flag-plan.js';
import { reachOf } from '../shadow/flips.js';
import { objectionToOverrides, objectionToShadow } from '../shadow/objection.js';
import { makeAll, ofChange, type Made, type ToMake } from './made.js';
import { routesOfBuckets } from './plan-source.js';

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
      ? await inTheWay(context, wanted.environment, error, state, againWith(state, stage))
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
    const reach = await reachOf(context, environment);
    // What it found enforced it would put back in force, and nothing of the rollout would be there to be taken back.
    const close = held.some((what) => panic.changed.includes(what))
      ? `close the panic and leave what stands: ${restoreCommand(panic, reach)} --leave`
      : `close the panic: ${restoreWords(panic, reach)}`;
    throw new RlctlError('conflict', message, {
      code: standingCode,
      hint: `When the emergency is over, ${close}. Then take it back with: ${again}`,
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
  state: RolloutState,
  again: string,
): Promise<RlctlError> {
  const [panic] = await openPanics(context, environment).catch(() => []);
  const { kind, message, code, hint, details = {} } = error;
  if (panic === undefined) {
    const shadowOn = backIntoShadow(details, (variable) => bucketOfFlag(state, variable));
    const way = shadowOn === null ? hint : `Put back into shadow what the rollout left there: ${shadowOn}`;
    return new RlctlError(kind, message, { code, hint: followedBy(way, `then take it back with: ${again}`), details });
  }
  return new RlctlError(kind, `${message}; panic ${panic.id} (${panic.command}) is open`, {
    code,
    hint: `When the emergency is over, put back what was before it: ${restoreWords(panic, await reachOf(context, environment))}. That puts the stage in force again; take it back at once after it with: ${again}`,
    details: { ...details, panicId: panic.id },
  });
}

function bucketOfFlag({ stages }: RolloutState, variable: string): string | null {
  return stages.flatMap(({ flags }) => flags).find((flag) => flag.variable === variable)?.bucket ?? null;
}

/** What is to be taken back, and how. */
interface WayBack extends ToMake {
  readonly command: 'rollout abort' | 'rollout undo';
  readonly state: RolloutState;
  /** `null`: all of them. */
  readonly stage: RolloutStage | null;
  /** The buckets that come back in shadow, because the stages below left them there; of a whole rollout none. */
  readonly below: readonly string[];
  /** Throws where something must not be taken out of shadow. */
  readonly assertFree: (whats: readonly string[]) => Promise<void>;
}

async function putBack(
  context: Context,
  wanted: ToMake,
  state: RolloutState,
  stage: RolloutStage | null,
): Promise<Made> {
  const command = stage === null ? 'rollout undo' : 'rollout abort';
  const below = stage === null ? [] : shadowedBelow(state);
  const assertFree = (whats: readonly string[]): Promise<void> =>
    assertNotStoodOn(context, wanted.environment, whats, againWith(state, stage));
  const way: WayBack = { ...wanted, command, state, stage, below, assertFree };
  return wanted.environment.shadowDriver === 'overrides' ? putBackOverrides(context, way) : putBackFlags(context, way);
}

async function putBackOverrides(context: Context, way: WayBack): Promise<Made> {
  const { environment, mutation, command, state, stage, below, assertFree } = way;
  const reference = referenceOf(state, stage);
  const intoShadow = routesOfBuckets(environment, below);
  // What the stages below never reached is no business of this one.
  const known = unreachedWhenEntered(stagesBelow(state)).map(({ prefix }) => prefix);
  const objection = objectionToOverrides(environment, below, ', then: rlctl rollout resume', known);
  const wanted = { command, reference, intoShadow, objection, assertFree } as const;
  const made = await makeChange(context, mutation, (ports) => takeBackIntent(ports, wanted));
  const { intent, after } = made.kind === 'planned' ? made.plan : made.result.plan;
  const loaded = loadOverrides(after.bytes);
  const isEnforced = (route: string): boolean => matchOverride(loaded, route)?.fields?.isShadow === false;
  const asBefore = foundIn(way).filter((name) => routesOfBuckets(environment, [name]).some(isEnforced));
  return { ...ofChange(made), beside: [...(intent.remarks?.() ?? []), ...asBefore.map(enforcedAsBefore)] };
}

async function putBackFlags(context: Context, way: WayBack): Promise<Made> {
  const { environment, mutation, command, state, stage, below, assertFree } = way;
  const flags = flagsBefore(state, stage === null ? null : state.stage, below);
  const recorded = new Map(flags.map((flag) => [flag.bucket, recordOf(flag, state)]));
  const wasOn = ({ before }: FlagBefore): boolean => holdsTrue(before);
  // Where the panic itself set it, it no longer holds what the rollout wrote: that is a conflict with its own way out.
  const turnedOff = flags.filter((flag) => !wasOn(flag) && holdsTrue(flag.wrote));
  await assertFree(turnedOff.map(({ variable }) => variable));
  const remarks = foundEnforcedText(below.filter((name) => !hasTakenOut(state, name)));
  const bucketsOf = (names: readonly string[]) => names.map((name) => bucketNamed(environment, name));
  const objection =
    below.length === 0
      ? {}
      : { objection: objectionToShadow(environment, { buckets: bucketsOf(below), isEverything: false }) };
  const named = { command, partOf: [takingBackOf(referenceOf(state, stage))], mutation, exactly: recorded };
  const on = flags.filter(wasOn).map(({ bucket }) => bucket);
  const off = flags.filter((flag) => !wasOn(flag)).map(({ bucket }) => bucket);
  const commands: readonly FlagCommand[] = [
    // Of what the stage found as it wants it nothing is noted: it goes back into shadow all the same.
    { ...named, isOn: true, buckets: bucketsOf([...new Set([...on, ...below])]), remarks, ...objection },
    { ...named, isOn: false, buckets: bucketsOf(off) },
  ];
  const made = await makeAll(
    context,
    environment,
    commands.filter(({ buckets }) => buckets.length > 0),
  );
  const isEnforced = (name: string): boolean => {
    const flag = flags.find(({ bucket }) => bucket === name);
    return flag === undefined || (flag.before !== null && !holdsTrue(flag.before));
  };
  return { ...made, beside: [...remarks, ...foundIn(way).filter(isEnforced).map(enforcedAsBefore)] };
}

/** What the stage enforces and no stage below had in shadow: it goes back to what it was, and that may be enforced too. */
function foundIn({ stage, below }: WayBack): readonly string[] {
  return (stage?.enforce ?? []).filter((name) => !below.includes(name));
}

function enforcedAsBefore(name: string): string {
  return `${name} goes on being enforced, as it was before the stage; to let it pass: ${shellWords(['rlctl', 'shadow', 'on', name])}`;
}

/** Whether the stage that a rollout is in took a bucket's flag out of shadow itself. */
function hasTakenOut(state: RolloutState, name: string): boolean {
  return currentRecord(state).flags.some(({ bucket, before }) => bucket === name && holdsTrue(before));
}

function recordOf({ place, variable, before, wrote }: FlagBefore, state: RolloutState): FlagRecord {
  const { startedBy: actor, reason, ticket, startedAtMs } = state;
  return { place, variable, before, wrote, actor, reason, ticket, at: new Date(startedAtMs).toISOString() };
}
