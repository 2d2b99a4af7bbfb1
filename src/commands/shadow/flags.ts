import { resolve } from 'node:path';
import { baseRoute } from '../../domain/policy/base-route.js';
import { whyUnheeded } from '../../domain/policy/enforcement.js';
import { addressed } from '../../domain/printed-command.js';
import type { Context } from '../../context.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import { usesList, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { assertNoDemand, type Demand } from '../../domain/demand.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { guardedName, isExempt } from '../../domain/guard/commands.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { partOf, valueOf } from '../../domain/part.js';
import { flipCommand, pendingFlip } from '../../domain/shadow/flag-flip.js';
import type { ReloadInput } from '../../procedures/reload/walk.js';
import { assertReloadable } from '../../procedures/reload/safely.js';
import { preflight } from '../../procedures/preflight.js';
import { askFlags } from '../../procedures/shadow/ask-flags.js';
import {
  changeFlags,
  isIdle,
  planFlags,
  type FlagPlan,
  type FlagRecords,
  type FlagResult,
  type Objection,
} from '../../procedures/shadow/change-flags.js';
import { envFileDriver } from '../../procedures/shadow/env-file-driver.js';
import { execDriver } from '../../procedures/shadow/exec-driver.js';
import type { FlagDriver, FlagWish } from '../../procedures/shadow/flag-driver.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { flagPlanView, flagPreviewText, flagResultView } from '../../ui/shadow-view.js';
import { prepareToAnnounce, withReports, type NotificationReport } from '../announce.js';
import { announceFlags } from '../announce-change.js';
import { mostAtOnce } from '../../procedures/ask-each.js';
import { inParallel } from '../../procedures/reload/in-parallel.js';
import { addressesOf, type Addresses } from '../addresses.js';
import type { Outcome } from '../command.js';
import { confirmChange } from '../confirmation.js';
import { changeDemands, confirmationRemarks, demandRemarks } from '../demands.js';
import { hearing, recall, remember } from '../detection.js';
import { noGuards } from '../guard-flags.js';
import type { GuardAnswer } from '../guards.js';
import { lastRevision } from '../last-reload.js';
import { optionalStore } from '../optional-store.js';
import { authorOf, effectInput, type MutationInput } from '../mutation.js';
import { together } from '../together.js';
import { flagFlips, keepFlips } from './flips.js';
import { flagRecords } from './records.js';

export interface FlagCommand {
  readonly isOn: boolean;
  readonly buckets: readonly BucketNames[];
  readonly mutation: MutationInput;
  /** What guards and records call it; absent: `shadow on` or `shadow off`. */
  readonly command?: string;
  /** The longer operation that it is a part of, beside those of the command; absent: none. */
  readonly partOf?: readonly OperationRef[];
  /** What stood before, in place of what this machine recorded. */
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

/** What a change of flags came to: with --dry-run its plan, else what was done. */
export type FlagChangeMade =
  | {
      readonly kind: 'planned';
      readonly plan: FlagPlan;
      /** What guards would refuse it for; empty: nothing. */
      readonly demands: readonly Demand[];
    }
  | {
      readonly kind: 'made';
      readonly result: FlagResult;
      /** What became of telling others; it need not be waited for. */
      readonly told: Promise<readonly NotificationReport[]>;
    };

/** Flips the flags of buckets, and shows it: what `runChange` is for overrides. */
export async function runFlagChange(context: Context, environment: Environment, wanted: FlagCommand): Promise<Outcome> {
  const made = await beforeAnything(makeFlagChange(context, environment, wanted), 'written');
  if (made.kind === 'planned') return { view: flagPlanView(made.plan, environment), exit: 'ok' };
  const view = await withReports(flagResultView(made.result, environment), made.told);
  return { view, exit: made.result.exit };
}

/** Flips the flags of buckets through an env file or a program: what `makeChange` is for overrides. */
export async function makeFlagChange(
  context: Context,
  environment: Environment,
  wanted: FlagCommand,
): Promise<FlagChangeMade> {
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
  wanted.check?.(plan);
  if (mutation.isDryRun)
    return { kind: 'planned', plan: foretold(plan, environment, mutation), demands: guards.demands };
  const demands = [
    ...guards.demands,
    ...changeDemands(context, environment, { ...mutation, ...endless }, { isNoop: plan.isNoop, isReloading }),
  ];
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand(guardedName(nameOf(plan)), demands);
  await confirmChange(context, environment, mutation, {
    isNoop: plan.isNoop,
    isReloading,
    preview: async () => flagPreviewText(plan, await context.theme()),
  });
  const author = await authorOf(context, environment, mutation);
  if (!plan.isNoop) await wanted.onAgreed?.(plan);
  const kept = { author, guards: guards.overridden };
  const input = { author, effect: { ...asked, reload }, environment, stored };
  if (!plan.isNoop && mutation.isTelling !== false) prepareToAnnounce(context, environment, 'flags');
  const result = await changeFlags(ports, plan, input, (text) => context.progress.step(text)).catch(
    async (error: unknown) => {
      if (isMaybeDone(error)) await keepFlips(context, environment, plan, { ...kept, verdict: 'notAttempted' });
      throw error;
    },
  );
  const told = announceFlags(context, environment, mutation, result);
  await keepFlips(context, environment, plan, { ...kept, verdict: result.effect.proof.verdict });
  const { reason, ticket } = mutation;
  await remember(context, environment, result.effect, {
    seen,
    by: { command: plan.command ?? commandText(plan), reason, ticket },
  });
  return { kind: 'made', result, told };
}

/** A flag has no end to be asked for. */
const endless = { end: { kind: 'permanent' } } as const;

/** With what the change would be refused for beside its guards, whose verdicts the plan shows anyway. */
function foretold<P extends FlagPlan>(plan: P, environment: Environment, mutation: MutationInput): P {
  if (plan.isNoop) return plan;
  const verb = 'the change';
  const remarks = [
    ...demandRemarks(environment, { ...mutation, ...endless }, verb),
    ...confirmationRemarks(environment, mutation, verb),
  ];
  return { ...plan, remarks: [...plan.remarks, ...remarks] };
}

function named({ command, partOf: parts }: FlagCommand): Pick<FlagPlan, 'command' | 'partOf'> {
  return { ...(command === undefined ? {} : { command }), ...(parts === undefined ? {} : { partOf: parts }) };
}

function nameOf({ isOn, command }: Pick<FlagPlan, 'isOn' | 'command'>): string {
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

/** Each instance is an address that has to say so. */
export async function reachedBy(
  context: Context,
  environment: Environment,
  { effect }: MutationInput,
): Promise<Addresses> {
  const { untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (!effect.isReloading) return { environment, controlPlane: await context.controlPlane(), isFleet: false };
  if (untrustedFile !== null && usesList(environment))
    throw untrusted(untrustedFile, 'the signing secret', { isChanged, requirements });
  return addressesOf(context, environment);
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

/** How flags are set on this environment. Throws a guard where a file that nobody vouched for says so. */
export async function flagDriver(context: Context, environment: Environment): Promise<FlagDriver> {
  const { shadowDriver, untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (shadowDriver === 'overrides') throw new TypeError('overrides are no driver of flags');
  if (untrustedFile !== null)
    throw untrusted(untrustedFile, 'a file to edit or a program to run', { isChanged, requirements });
  const { clock, deadline, host } = context;
  if ('exec' in shadowDriver)
    return execDriver({ programs: await context.programs(), clock, deadline }, shadowDriver.exec);
  const path = resolve(host.cwd, shadowDriver['env-file']);
  return envFileDriver({ envFiles: await context.envFiles(), clock }, path);
}

function flagPorts(context: Context, { environment, controlPlane }: Addresses) {
  for (const origin of environment.api) controlPlane.open(origin);
  const { clock, randomness, deadline } = context;
  return { controlPlane, clock, randomness, deadline, hear: hearing(context, environment) };
}

/** A reload makes the server read the document again: one that it cannot read would cost every override. */
async function storedOf(context: Context, environment: Environment) {
  const store = await optionalStore(context, environment);
  if (store === null) return null;
  const otherwise = '--no-reload sets the flag alone.';
  const stored = await store.read(context.deadline).catch((error: unknown) => {
    throw error instanceof RlctlError ? unsafeReload(error, otherwise) : error;
  });
  assertReloadable(stored, await lastRevision(context, environment), otherwise);
  return stored;
}

/** Where Redis does not answer us it may not answer the server either, which then drops every override. */
function unsafeReload(error: RlctlError, otherwise: string): RlctlError {
  return new RlctlError(error.kind, `a reload now could make the server drop every override: ${error.message}`, {
    code: error.code,
    hint: error.hint === undefined ? otherwise : `${error.hint.replace(/\.$/, '')}; ${otherwise}`,
    ...(error.details ? { details: error.details } : {}),
  });
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
      const record = exact === undefined ? await records.get(bucket.name) : null;
      const wish = { bucket, isOn, record, serverSays: said[index] ?? null, pending };
      return exact === undefined ? wish : { ...wish, exactly: exact };
    }),
  );
}

/** What all addresses say alike, bucket by bucket; where one does not answer, the reload will tell. */
async function saidOf(
  context: Context,
  controlPlane: Addresses['controlPlane'],
  { targets, basePaths }: ReloadInput,
  buckets: readonly BucketNames[],
): Promise<readonly (boolean | null)[]> {
  const route = baseRoute(context.randomness.hex(6));
  const ports = { controlPlane, deadline: context.deadline };
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

function commandText({ isOn, flags }: FlagPlan): string {
  return flipCommand(flags.map(({ bucket }) => ({ bucket: bucket.name, isOn })));
}

/** A change that was cut off may have been made. */
function isMaybeDone(error: unknown): boolean {
  return error instanceof RlctlError && ['interrupted', 'terminated', 'unknownOutcome'].includes(error.kind);
}

function remarksOf({ buckets, isOn, remarks = [] }: FlagCommand): readonly string[] {
  if (buckets.length < 2 || !isOn) return remarks;
  return [
    'each bucket has its flag set, because global shadow does not reach buckets that have a flag of their own',
    ...remarks,
  ];
}
