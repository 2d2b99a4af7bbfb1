import type { Context } from '../../context.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { guardedName, isExempt } from '../../domain/guard/commands.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { partOf, valueOf } from '../../domain/part.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { whyUnheeded } from '../../domain/policy/enforcement.js';
import { addressed } from '../../domain/printed-command.js';
import { pendingFlip } from '../../domain/shadow/flag-flip.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { mostAtOnce } from '../../procedures/ask-each.js';
import type { EffectInput } from '../../procedures/effect.js';
import { preflight } from '../../procedures/preflight.js';
import { inParallel } from '../../procedures/reload/in-parallel.js';
import type { ReloadInput } from '../../procedures/reload/walk.js';
import { askFlags } from '../../procedures/shadow/ask-flags.js';
import { isIdle, planFlags, type FlagPlan, type FlagRecords } from '../../procedures/shadow/change-flags.js';
import type { Objection } from '../../procedures/shadow/objection.js';
import type { FlagDriver, FlagWish } from '../../procedures/shadow/flag-driver.js';
import { shareOf } from '../../procedures/share.js';
import type { Addresses } from '../addresses.js';
import { recall } from '../detection.js';
import { noGuards } from '../guard-flags.js';
import type { GuardAnswer } from '../guards.js';
import { effectInput, type MutationInput } from '../mutation.js';
import { together } from '../together.js';
import { flagDriver, flagPorts, reachedBy, storedOf } from './flag-reach.js';
import { flagFlips } from './flips.js';
import { flagRecords } from './records.js';

export interface FlagCommand {
  readonly isOn: boolean;
  readonly buckets: readonly BucketNames[];
  readonly mutation: MutationInput;
  /** What guards and records call it; absent: `shadow on` or `shadow off`. */
  readonly command?: string;
  /** The longer operation that it is a part of, beside those of the command; absent: none. */
  readonly partOf?: readonly OperationRef[];
  /** What stood before, in place of what is recorded. */
  readonly records?: FlagRecords;
  /** What somebody should know of it beside what the flags tell, in sentences; absent: nothing. */
  readonly remarks?: readonly string[];
  /** What of the stored overrides stands against what the flags are set for; absent: nothing is asked of them. */
  readonly objection?: (bytes: Uint8Array | null) => Objection | null;
  /** Judges the plan: throws where it is not to be made. */
  readonly check?: (plan: FlagPlan) => void;
  /** Called once everything is agreed and before anything is set. */
  readonly onAgreed?: (plan: FlagPlan) => Promise<void>;
  /** What each bucket's flag is to be exactly; absent: as `shadow on` and `shadow off` do it. */
  readonly exactly?: 'value' | ReadonlyMap<string, FlagRecord>;
}

/** A change of flags as it is planned, with what it is made by. */
export interface PreparedFlags {
  readonly plan: FlagPlan;
  readonly guards: GuardAnswer;
  readonly ports: ReturnType<typeof flagPorts> & { readonly records: FlagRecords };
  /** How its effect is proven. */
  readonly asked: EffectInput;
  readonly reload: EffectInput['reload'];
  readonly isReloading: boolean;
  /** What the reload will make the server read; `null`: no Redis is configured, or nothing is reloaded. */
  readonly stored: Awaited<ReturnType<typeof storedOf>>;
  /** What was learned of the server before; `null`: nothing. */
  readonly seen: Awaited<ReturnType<typeof recall>>;
}

/** Plans a change of flags, and has it judged by the guards. Changes nothing. */
export async function prepareFlags(
  context: Context,
  environment: Environment,
  wanted: FlagCommand,
): Promise<PreparedFlags> {
  const { isOn, mutation } = wanted;
  if (mutation.ifRevision !== null) throw noRevision();
  if (mutation.end.kind === 'for' || mutation.end.kind === 'until') throw noEnd(mutation.end.kind);
  const driver = await flagDriver(context, environment);
  const reached = await reachedBy(context, environment, mutation);
  const records = wanted.records ?? flagRecords(context, environment);
  const ports = { ...flagPorts(context, reached), records };
  context.progress.step(`reading ${driver.place}`);
  const seen = await recall(context, environment);
  const asked = await effectInput(context, reached.environment, mutation.effect, seen);
  const [stored, reload] = await together([
    asked.reload && storedOf(context, environment),
    asked.reload && preflight(ports, asked.reload, '/', { isRequired: true }),
  ]);
  const { controlPlane } = ports;
  const wishes = await wishesOf(context, environment, { ...wanted, driver, reload, controlPlane, records });
  const isHeeded = seen === null || whyUnheeded(seen) === null;
  const objection = stored === null || !isHeeded ? null : (wanted.objection?.(stored.bytes) ?? null);
  const remarks = [
    ...remarksOf(wanted),
    ...(objection === null ? [] : [addressed(`${objection.text}; ${objection.cure}`, environment.address)]),
  ];
  const planned = {
    ...(await planFlags(driver, isOn, wishes, remarks)),
    ...named(wanted),
    ...(objection === null ? {} : { objection }),
  };
  const isReloading = reload !== null && !isIdle(planned, asked);
  // What brings back what stood is asked of no guard.
  const isReturn = typeof wanted.exactly === 'object';
  const guards = isReturn ? noGuards : await guardsOf(context, environment, mutation, planned, isReloading);
  const plan = { ...planned, remarks: [...planned.remarks, ...guards.remarks], verdicts: guards.verdicts };
  return { plan, guards, ports, asked, reload, isReloading, stored, seen };
}

function remarksOf({ buckets, isOn, remarks = [] }: FlagCommand): readonly string[] {
  if (buckets.length < 2 || !isOn) return remarks;
  return [
    'each bucket has its flag set, because global shadow does not reach buckets that have a flag of their own',
    ...remarks,
  ];
}

function named({ command, partOf: parts }: FlagCommand): Pick<FlagPlan, 'command' | 'partOf'> {
  return { ...(command === undefined ? {} : { command }), ...(parts === undefined ? {} : { partOf: parts }) };
}

/** What a plan is called where nobody named it. */
export function nameOf({ isOn, command }: Pick<FlagPlan, 'isOn' | 'command'>): string {
  return command ?? (isOn ? 'shadow on' : 'shadow off');
}

/** What the guards of the environment say of these flags; nothing where nothing changes and nothing is reloaded. */
async function guardsOf(
  context: Context,
  environment: Environment,
  mutation: MutationInput,
  plan: FlagPlan,
  isReloading: boolean,
): Promise<GuardAnswer> {
  const { isNoop, flags } = plan;
  const command = nameOf(plan);
  const isAsked = environment.guards.length > 0 && (!isNoop || isReloading) && !isExempt(command);
  if (!isAsked && mutation.overriddenGuards.length === 0) return noGuards;
  const { askGuards } = await import('../guards.js');
  return askGuards(context, environment, mutation, {
    command: guardedName(command),
    isReloadOnly: isNoop,
    flags: flags
      .filter(({ isChanged }) => isChanged)
      .map(({ bucket, isShadow }) => ({ bucket: bucket.name, isShadow })),
  });
}

function noRevision(): RlctlError {
  return usageError(
    '--if-revision speaks of the override document, which is not what is changed here',
    'Leave it out: a flag that was changed underneath is a conflict anyway.',
  );
}

function noEnd(flag: 'for' | 'until'): RlctlError {
  return usageError(
    `--${flag}: a flag of the server cannot end by itself, only an override can`,
    'Leave it out and take the flag back with "rlctl shadow off"; or put its routes into shadow for a while: rlctl shadow on --route PREFIX --for 2h',
    'FLAG_WITHOUT_END',
  );
}

/** What is wanted of the flags, and who is asked how they stand. */
interface WishedFlags extends FlagCommand {
  readonly driver: FlagDriver;
  readonly reload: ReloadInput | null;
  readonly controlPlane: Addresses['controlPlane'];
  readonly records: FlagRecords;
}

async function wishesOf(
  context: Context,
  environment: Environment,
  { isOn, buckets, driver, reload, controlPlane, records, exactly }: WishedFlags,
): Promise<readonly FlagWish[]> {
  const [said, flips] = await Promise.all([
    reload === null ? [] : saidOf(context, controlPlane, reload, buckets),
    flagFlips(context, environment),
  ]);
  return Promise.all(
    buckets.map(async (bucket, index) => {
      const pending = pendingFlip(flips, bucket.name, driver.place);
      const exact = typeof exactly === 'object' ? exactly.get(bucket.name) : exactly;
      const record = exact === undefined && !isOn ? await records.get(bucket.name) : null;
      const wish = { bucket, isOn, record, serverSays: said[index] ?? null, pending };
      return exact === undefined ? wish : { ...wish, exactly: exact };
    }),
  );
}

/** What all addresses say alike, bucket by bucket; where one does not answer in its share of the time, the reload will tell. */
async function saidOf(
  context: Context,
  controlPlane: Addresses['controlPlane'],
  { targets, basePaths }: ReloadInput,
  buckets: readonly BucketNames[],
): Promise<readonly (boolean | null)[]> {
  const route = baseRoute(context.randomness.hex(6));
  const ports = { controlPlane, deadline: shareOf(context.deadline, context.clock) };
  const answers = await inParallel(targets, mostAtOnce, (target) =>
    partOf(() => askFlags(ports, { target, basePaths, buckets, route })),
  );
  if (context.deadline.interrupted.aborted) throw context.deadline.interrupted.reason;
  return buckets.map((_, index) => {
    const said = new Set(answers.map((answer) => valueOf(answer)?.flags[index]?.policy?.isShadow ?? null));
    const [only = null] = said;
    return said.size === 1 ? only : null;
  });
}
