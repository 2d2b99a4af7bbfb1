import type { Context } from '../../context.js';
import { allBuckets, bucketNamed } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { assertNoDemand, type Demand } from '../../domain/demand.js';
import { RlctlError } from '../../domain/errors.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { restoreWords } from '../../domain/panic/way-back.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { whyUnheeded } from '../../domain/policy/enforcement.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import type { FlagBefore } from '../../domain/rollout/state.js';
import { besideTexts } from '../../domain/shadow/stage-edit.js';
import { unreachedOf } from '../../domain/shadow/unreached.js';
import { stageIntent } from '../../procedures/shadow/route-intent.js';
import { recall } from '../detection.js';
import { makeChange } from '../override/change.js';
import { openPanics } from '../panic/kept.js';
import type { FlagCommand } from '../shadow/flag-plan.js';
import { reachOf } from '../shadow/flips.js';
import { makeFlagChange, type FlagChangeMade } from '../shadow/flags.js';
import { objectionToOverrides, objectionToShadow } from '../shadow/objection.js';
import { routesOfBuckets } from './plan-source.js';
import { makeAll, nothing, ofChange, type Made, type ToMake } from './made.js';

// A stage of a rollout is put into force.

/** A stage that is to be entered. */
export interface StageToMake extends ToMake {
  readonly stage: RolloutStage;
  readonly reference: OperationRef;
  readonly isSpillAllowed: boolean;
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
    hint: `When the emergency is over, put back what was: ${restoreWords(first, await reachOf(context, environment))}`,
    details: { panicId: first.id },
  });
}

/**
 * Puts a stage into force, or with --dry-run only shows how. `onFlags`: called with what stood before, when nothing has been
 * touched yet.
 */
export async function makeStage(
  context: Context,
  wanted: StageToMake,
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
  const shadow = routesOfBuckets(environment, stage.shadow);
  const enforce = routesOfBuckets(environment, stage.enforce);
  const made = await makeChange(context, mutation, (ports) =>
    stageIntent(ports, {
      command: enteringCommand(isFirst),
      reference,
      isOwn: (prefix, goes) => stage[goes].includes(bucketOfRoute(environment, prefix) ?? ''),
      shadow,
      enforce,
      others,
      left,
      isSpillAllowed,
      ifRevision: null,
      objection: objectionToOverrides(environment, stage.shadow, onward),
    }),
  );
  const { after, edit } = made.kind === 'planned' ? made.plan : made.result.plan;
  const unreached = unreachedOf(loadOverrides(after.bytes), environment, [...named]);
  return {
    ...ofChange(made),
    unreached,
    beside: besideTexts(edit.changes, [...shadow, ...enforce]),
  };
}

/** What is to be done once nothing stands against a stage any more. */
const onward = ', then: rlctl rollout resume; or go on without: rlctl rollout resume --require loaded';

function enteringCommand(isFirst: boolean): string {
  return isFirst ? 'rollout start' : 'rollout promote';
}

async function makeFlags(
  context: Context,
  { environment, mutation, stage: { shadow, enforce }, reference, isFirst }: StageToMake,
  onFlags: (flags: readonly FlagBefore[]) => Promise<void>,
): Promise<Made> {
  const wishes = [
    // What only observes cannot hurt: it comes first.
    { isOn: true, names: shadow },
    { isOn: false, names: enforce },
  ].filter(({ names }) => names.length > 0);
  const commands = wishes.map(({ isOn, names }): FlagCommand => {
    const buckets = names.map((name) => bucketNamed(environment, name));
    const named = { command: enteringCommand(isFirst), partOf: [reference] };
    const wish = { ...named, isOn, buckets, mutation, exactly: 'value' } as const;
    const isEverything = allBuckets(environment).every(({ name }) => names.includes(name));
    return isOn ? { ...wish, objection: objectionToShadow(environment, { buckets, isEverything }) } : wish;
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
