import type { Context } from '../../context.js';
import { allBuckets, bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand, withWanted, type Demand } from '../../domain/demand.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { followedBy } from '../../domain/followed-by.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { whyUnheeded } from '../../domain/policy/enforcement.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { namesOfHeld, stoodOn } from '../../domain/panic/stood-on.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import type { FlagBefore, RolloutState } from '../../domain/rollout/state.js';
import { unquoted } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { flagsBefore, takeBackIntent } from '../../procedures/rollout/take-back.js';
import { stageIntent } from '../../procedures/shadow/route-intent.js';
import { changeView, planView } from '../../ui/change-view.js';
import { flagPlanView, flagResultView } from '../../ui/shadow-view.js';
import type { View } from '../../ui/view.js';
import { recall } from '../detection.js';
import type { MutationInput } from '../mutation.js';
import { makeChange, type ChangeMade } from '../override/change.js';
import { openPanics } from '../panic/kept.js';
import { makeFlagChange, type FlagChangeMade, type FlagCommand } from '../shadow/flags.js';
import { objectionToShadow } from '../shadow/objection.js';
import { routesOfBuckets } from './plan-source.js';

// The changes of a rollout: each goes the way of every other change, under an id that was written down before.

/** What a change of a rollout came to. */
export interface Made {
  readonly exit: ExitName;
  readonly proof: Verdict;
  /** One for each change that was made, or would be. */
  readonly views: readonly View[];
  /** True: nothing has to be written. */
  readonly isNoop: boolean;
}

export interface ToMake {
  readonly environment: Environment;
  readonly mutation: MutationInput;
  readonly isSpillAllowed: boolean;
}

export interface StageToMake {
  readonly stage: RolloutStage;
  readonly reference: OperationRef;
  /** True for the stage with which a rollout starts. */
  readonly isFirst: boolean;
}

/** Why stages change nothing that a request would meet; `null`: nothing of the kind was seen. */
export async function whyWithoutEffect(context: Context, environment: Environment): Promise<string | null> {
  if (environment.shadowDriver !== 'overrides') return null;
  const seen = await recall(context, environment);
  return seen === null ? null : whyUnheeded(seen);
}

/** Throws a guard where a stage would be watched that nothing is seen of. */
async function assertEffect(context: Context, environment: Environment, { name }: RolloutStage): Promise<void> {
  const why = await whyWithoutEffect(context, environment);
  if (why === null) return;
  const message = `the stage "${name}" would have no effect: ${why}, and overrides are the way flags are flipped here`;
  throw new RlctlError('guard', message, {
    code: 'STAGE_WITHOUT_EFFECT',
    hint: 'Set shadowDriver to {env-file} or {exec} in rlctl.yaml, so that stages set the flags of the buckets. If the server is another one by now, have it seen anew, with a route that an override lets pass or limits: rlctl verify ROUTE --probe URL',
    details: { stage: name },
  });
}

/** Throws a guard where a stage would enforce what somebody let through in an emergency that is not over. */
async function assertNoPanic(context: Context, environment: Environment, { name }: RolloutStage): Promise<void> {
  const [first] = await openPanics(context, environment);
  if (first === undefined) return;
  const message = `panic ${first.id} (${first.command}) is open: the stage "${name}" could take it back, and its gates would show nothing`;
  throw new RlctlError('guard', message, {
    code: 'PANIC_OPEN',
    hint: `When the emergency is over, put back what was: ${withWanted(`rlctl panic restore ${first.id}`, environment)}`,
    details: { panicId: first.id },
  });
}

/** The rollout, or a stage of it, as the history names it. */
export function referenceOf({ id }: Pick<RolloutState, 'id'>, stage: RolloutStage | null): OperationRef {
  return stage === null ? { kind: 'rollout', id } : { kind: 'rollout', id, step: stage.name };
}

/**
 * Puts a stage into force, or with --dry-run only shows how. `onFlags`: called with what stood before, when nothing has been
 * touched yet.
 */
export async function makeStage(
  context: Context,
  wanted: ToMake & StageToMake,
  onFlags: (flags: readonly FlagBefore[]) => Promise<void>,
): Promise<Made> {
  const { environment, mutation, stage, reference, isFirst, isSpillAllowed } = wanted;
  if (stage.shadow.length + stage.enforce.length === 0) return nothing;
  await assertEffect(context, environment, stage);
  await assertNoPanic(context, environment, stage);
  if (environment.shadowDriver !== 'overrides') return makeFlags(context, wanted, onFlags);
  const named = new Set([...stage.shadow, ...stage.enforce]);
  const others = allBuckets(environment).filter(({ name }) => !named.has(name));
  const left = allBuckets(environment).filter(({ name, routes }) => named.has(name) && routes.length === 0);
  const made = await makeChange(context, mutation, () =>
    stageIntent(enteringCommand(isFirst), {
      shadow: routesOfBuckets(environment, stage.shadow),
      enforce: routesOfBuckets(environment, stage.enforce),
      others,
      left,
      isSpillAllowed,
      environment,
      ifRevision: null,
      partOf: [reference],
    }),
  );
  return ofChange(made);
}

function enteringCommand(isFirst: boolean): string {
  return isFirst ? 'rollout start' : 'rollout promote';
}

async function makeFlags(
  context: Context,
  { environment, mutation, stage: { shadow, enforce }, isFirst }: ToMake & StageToMake,
  onFlags: (flags: readonly FlagBefore[]) => Promise<void>,
): Promise<Made> {
  const wishes = [
    // What only observes cannot hurt: it comes first.
    { isOn: true, names: shadow },
    { isOn: false, names: enforce },
  ].filter(({ names }) => names.length > 0);
  const commands = wishes.map(({ isOn, names }): FlagCommand => {
    const buckets = names.map((name) => bucketNamed(environment, name));
    const command = { isOn, buckets, mutation, exactly: 'value' } as const;
    const isEverything = allBuckets(environment).every(({ name }) => names.includes(name));
    return isOn ? { ...command, objection: objectionToShadow(environment, { buckets, isEverything }) } : command;
  });
  const before: FlagBefore[] = [];
  const demands: Demand[] = [];
  for (const command of commands) {
    const dry = { ...command, mutation: { ...mutation, isDryRun: true } };
    const planned = await makeFlagChange(context, environment, dry);
    if (planned.kind !== 'planned') continue;
    before.push(...flagsIn(planned));
    demands.push(...planned.demands);
  }
  if (!mutation.isDryRun) {
    // What a guard refuses of one part must not be found when another one is written.
    assertNoDemand(enteringCommand(isFirst), demands);
    await onFlags(before);
  }
  return makeAll(context, environment, commands);
}

function flagsIn({ plan: { driver, flags } }: Extract<FlagChangeMade, { kind: 'planned' }>): readonly FlagBefore[] {
  return flags
    .filter(({ isChanged }) => isChanged)
    .map(({ bucket, variable, before, after }) => {
      return { bucket: bucket.name, place: driver.place, variable, before: before ?? null, wrote: after ?? '' };
    });
}

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
      hint: `When the emergency is over, close the panic: ${withWanted(`rlctl panic restore ${id}`, environment)}. Then take it back with: ${again}`,
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
    hint: `When the emergency is over, put back what was before it: ${withWanted(`rlctl panic restore ${panic.id}`, environment)}. That puts the stage in force again; take it back at once after it with: ${again}`,
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
  if (environment.shadowDriver === 'overrides') {
    const reference = referenceOf(state, stage);
    return ofChange(
      await makeChange(context, mutation, (ports) => takeBackIntent(ports, { command, reference, assertFree })),
    );
  }
  const flags = flagsBefore(state, stage === null ? null : state.stage);
  const recorded = new Map(flags.map((flag) => [flag.bucket, recordOf(flag, state)]));
  const wasOn = ({ before }: FlagBefore): boolean => before !== null && unquoted(before) === 'true';
  // Where the panic itself set it, it no longer holds what the rollout wrote: that is a conflict with its own way out.
  const turnedOff = flags.filter((flag) => !wasOn(flag) && unquoted(flag.wrote) === 'true');
  await assertFree(turnedOff.map(({ variable }) => variable));
  const commands = [true, false].flatMap((isOn): readonly FlagCommand[] => {
    const buckets = flags.filter((flag) => wasOn(flag) === isOn).map(({ bucket }) => bucketNamed(environment, bucket));
    return buckets.length === 0 ? [] : [{ isOn, buckets, mutation, exactly: recorded }];
  });
  return makeAll(context, environment, commands);
}

function recordOf({ place, variable, before, wrote }: FlagBefore, state: RolloutState): FlagRecord {
  const { startedBy: actor, reason, ticket, startedAtMs } = state;
  return { place, variable, before, wrote, actor, reason, ticket, at: new Date(startedAtMs).toISOString() };
}

/** One after the other. What fails after something was written must not pass for nothing written. */
async function makeAll(context: Context, environment: Environment, commands: readonly FlagCommand[]): Promise<Made> {
  let all = nothing;
  for (const command of commands) {
    const made = await makeFlagChange(context, environment, command).catch((error: unknown) => {
      throw all.isNoop ? error : halfDone(error);
    });
    all = both(all, ofFlags(made, environment));
  }
  return all;
}

function halfDone(error: unknown): unknown {
  if (!(error instanceof RlctlError)) return error;
  return new RlctlError('unproven', `only a part was set: ${error.message}`, {
    code: error.code,
    hint: followedBy(error.hint, 'then finish it with: rlctl rollout resume'),
  });
}

const nothing: Made = { exit: 'ok', proof: 'notAttempted', views: [], isNoop: true };

function both(one: Made, other: Made): Made {
  const worst = (['contradicted', 'notProven', 'proven', 'notAttempted'] as const).find(
    (each) => one.proof === each || other.proof === each,
  );
  return {
    exit: one.exit === 'ok' ? other.exit : one.exit,
    proof: worst ?? 'notAttempted',
    views: [...one.views, ...other.views],
    isNoop: one.isNoop && other.isNoop,
  };
}

function ofChange(made: ChangeMade): Made {
  if (made.kind === 'planned') {
    const { plan, environment } = made;
    return { exit: 'ok', proof: 'notAttempted', views: [planView(plan, environment)], isNoop: plan.isNoop };
  }
  const { result, environment } = made;
  const { exit, effect, plan } = result;
  return { exit, proof: effect.proof.verdict, views: [changeView(result, environment)], isNoop: plan.isNoop };
}

function ofFlags(made: FlagChangeMade, environment: Environment): Made {
  if (made.kind === 'planned') {
    const views = [flagPlanView(made.plan, environment)];
    return { exit: 'ok', proof: 'notAttempted', views, isNoop: made.plan.isNoop };
  }
  const { exit, effect, plan } = made.result;
  // What stands already and is shown as such needs no reload, and is as good as proven.
  const proof = plan.isSettled && exit === 'ok' ? 'proven' : effect.proof.verdict;
  return { exit, proof, views: [flagResultView(made.result, environment)], isNoop: plan.isNoop };
}
