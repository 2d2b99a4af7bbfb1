import { bucketOfRoute, type Environment, type Probe } from '../../domain/config/environment.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import type { SettledVerdict } from '../../domain/guard/verdict.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { notAttempted } from '../../domain/proof/proof.js';
import { inWords } from '../../domain/shadow/flag-evidence.js';
import { loadOverrides, matchOverride } from '../../domain/policy/matching.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { ExpectedFlag } from '../../domain/shadow/flag-observations.js';
import { addressed } from '../../domain/printed-command.js';
import { shellWords } from '../../domain/shell-words.js';
import { restartSteps, type FlagToSet } from '../../domain/shadow/restart.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import {
  effectExit,
  reloadAndProve,
  type Effect,
  type EffectInput,
  type EffectPorts,
  type ProveReload,
} from '../effect.js';
import type { Author } from '../override/write.js';
import { reloadAgain } from '../reload/send.js';
import type { OnStep, Step } from '../step.js';
import type { FlagDriver, FlagWish, PlannedFlag } from './flag-driver.js';
import { withObjection, type Objection } from './objection.js';
import { proveFlags, type FlagProofInput } from './prove-flags.js';

/** What `shadow on` remembers for `shadow off`, by environment and bucket. */
export interface FlagRecords {
  /** What stood before the last `shadow on` of a bucket that still stands; `null`: nothing is recorded. */
  get(bucket: string): Promise<FlagRecord | null>;
  /** Keeps or, with `null`, forgets records; all of them at once. */
  set(records: ReadonlyMap<string, FlagRecord | null>): Promise<void>;
}

export interface FlagPlan {
  readonly driver: FlagDriver;
  readonly isOn: boolean;
  readonly wishes: readonly FlagWish[];
  /** What the driver makes of the wishes, in their order. */
  readonly flags: readonly PlannedFlag[];
  /** True: everything already is as wanted, and nothing will be written. */
  readonly isNoop: boolean;
  /** True: and every address says so. */
  readonly isSettled: boolean;
  readonly remarks: readonly string[];
  /** What it is called; absent: `shadow on` or `shadow off`. */
  readonly command?: string;
  /** The longer operation that it is a part of; absent: none. */
  readonly partOf?: readonly OperationRef[];
  /** What stands against it that no flag changes; absent: nothing that is known. */
  readonly objection?: Objection;
  /** What guards say of it. Absent: there are none, or none was asked. */
  readonly verdicts?: readonly SettledVerdict[];
}

export interface FlagResult {
  readonly plan: FlagPlan;
  readonly effect: Effect;
  readonly steps: readonly Step[];
  /** What is left to somebody with access to the platform; empty: nothing. */
  readonly manualSteps: readonly string[];
  readonly exit: ExitName;
}

/** Computes a change of flags. Changes nothing. */
export async function planFlags(
  driver: FlagDriver,
  isOn: boolean,
  wishes: readonly FlagWish[],
  remarks: readonly string[],
): Promise<FlagPlan> {
  const flags = await driver.plan(wishes);
  const isNoop = flags.every(({ isChanged }) => !isChanged);
  const isSettled = isNoop && wishes.every(({ serverSays }) => serverSays === isOn);
  const all = [...flags.flatMap((flag) => flag.remarks), ...disagreements(driver, flags, wishes), ...remarks];
  return { driver, isOn, wishes, flags, isNoop, isSettled, remarks: all };
}

/** What stands as wanted already, and is not what the server says. */
function disagreements(
  { place }: FlagDriver,
  flags: readonly PlannedFlag[],
  wishes: readonly FlagWish[],
): readonly string[] {
  return flags.flatMap(({ bucket, variable, isChanged }, index) => {
    const { isOn, serverSays } = wishes[index] ?? { isOn: null, serverSays: null };
    if (isChanged || serverSays === null || serverSays === isOn) return [];
    return [`${variable} is as wanted in ${place}, but the server says that ${bucket.name} is ${inWords(serverSays)}`];
  });
}

export interface FlagChangeInput {
  readonly author: Author;
  readonly effect: EffectInput;
  readonly environment: Pick<Environment, 'name' | 'address' | 'buckets'>;
  /** What the reload will make the server read; `null`: no Redis is configured. */
  readonly stored: StoredOverrides | null;
}

/**
 * The runbook's "bucket shadow": sets the flags, reloads, and proves by what the server then says of its buckets. Throws
 * only while nothing is written; after that every failure is a step of the result. An interrupt is thrown as it is while
 * nothing is written, and after it says what was.
 */
export async function changeFlags(
  ports: EffectPorts & { readonly records: FlagRecords },
  plan: FlagPlan,
  input: FlagChangeInput,
  onStep?: OnStep,
): Promise<FlagResult> {
  const steps = plan.isNoop ? [nothingWritten] : await write(ports, plan, input.author, onStep);
  throwIfInterrupted(ports, plan);
  const effect = isIdle(plan, input.effect)
    ? nothingToProve
    : withObjection(
        await reloadAndProve(ports, input.effect, proof(ports, plan, input, onStep), onStep),
        plan.objection ?? null,
        input.effect.require,
      );
  throwIfInterrupted(ports, plan);
  const isWhole = steps.every(({ state }) => state !== 'failed');
  return {
    plan,
    effect,
    steps: [...steps, ...effect.steps],
    manualSteps: effect.proof.trap === 'flagNeedsRestart' ? manualSteps(plan, input.environment) : [],
    exit: isWhole ? effectExit(effect) : 'unproven',
  };
}

const nothingWritten: Step = {
  name: 'write',
  state: 'skipped',
  detail: 'already as wanted; nothing written',
  tookMs: 0,
};

/**
 * True where neither a write nor a reload is needed: everything is as wanted, the one process behind the address says so,
 * and nobody asked for more than that.
 */
export function isIdle({ isSettled, objection }: FlagPlan, { workers, require, probes }: EffectInput): boolean {
  return isSettled && objection === undefined && workers === 1 && require === null && probes.length === 0;
}

/** One process says that it is as wanted, and nothing was written: a reload could not make it more so. */
const nothingToProve: Effect = {
  reloads: [],
  proof: {
    ...notAttempted('--no-reload'),
    diagnosis: 'already as wanted: nothing was written, and the server says the same, so no reload was sent',
  },
  steps: [{ name: 'reload', state: 'skipped', detail: 'the server already says what is wanted', tookMs: 0 }],
};

/** The record comes first: one whose flag was never written is noticed, because the flag holds something else. */
async function write(
  ports: EffectPorts & { readonly records: FlagRecords },
  plan: FlagPlan,
  author: Author,
  onStep: OnStep | undefined,
): Promise<readonly Step[]> {
  const { driver, wishes, flags, isOn } = plan;
  const { interrupted } = ports.deadline;
  if (interrupted.aborted) throw interrupted.reason;
  onStep?.(`setting ${flags.map(({ variable }) => variable).join(', ')}`);
  const changed = flags.filter(({ isChanged }) => isChanged);
  if (isOn) {
    const at = new Date(ports.clock.nowMs()).toISOString();
    // A flag that was set already has nothing to go back to; what an earlier change recorded of it still counts.
    const news = changed.filter(({ before, after }) => before !== after);
    await ports.records.set(
      new Map(news.map((flag) => [flag.bucket.name, flagChangeRecord(flag, driver, author, at)])),
    );
  }
  const steps = await driver.apply(wishes, flags);
  return isOn ? steps : [...steps, ...(await forget(ports.records, changed))];
}

/** The flags are off by now: a record that cannot be removed is told, and takes nothing of that back. */
async function forget(records: FlagRecords, changed: readonly PlannedFlag[]): Promise<readonly Step[]> {
  try {
    await records.set(new Map(changed.map((flag) => [flag.bucket.name, null])));
    return [];
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return [{ name: 'record', state: 'failed', detail: error.message, tookMs: 0 }];
  }
}

/** What is to be remembered of a flag that is set, for whoever takes it back. `at`: RFC 3339. */
export function flagChangeRecord(
  { variable, before, after }: PlannedFlag,
  { place }: FlagDriver,
  { actor, reason, ticket }: Author,
  at: string,
): FlagRecord {
  return { place, variable, before: before ?? null, wrote: after, actor, reason, ticket, at };
}

function proof(
  ports: EffectPorts,
  plan: FlagPlan,
  { effect, environment, stored }: FlagChangeInput,
  onStep: OnStep | undefined,
): ProveReload {
  return (reload, reloads) => {
    const accepted = reloads.filter(({ outcome }) => outcome === 'accepted');
    const flags = expectedOf(plan);
    return proveFlags(
      ports,
      {
        flags,
        isChange: !plan.isNoop,
        endpoints: accepted.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint])),
        reports: accepted.flatMap(({ report }) => (report === null ? [] : [report])),
        resend: reloadAgain(ports, reload, accepted),
        workers: effect.workers,
        siteMode: reload.siteMode,
        unreadable: coveredBy(stored),
        require: effect.require,
        probes: effect.probes.flatMap((probe) => probeFor(probe, flags, environment, stored)),
        waitMs: effect.waitMs,
      },
      onStep,
    );
  };
}

function expectedOf({ flags, wishes }: FlagPlan): readonly ExpectedFlag[] {
  return flags.map(({ bucket, isShadow, doubt }, index) => {
    const before = wishes[index]?.serverSays ?? null;
    const expected = { bucket: bucket.name, names: bucket.names, isShadow, before };
    return doubt === undefined ? expected : { ...expected, doubt };
  });
}

/** An override that takes every route hides the flags from the policy endpoint. */
function coveredBy(stored: StoredOverrides | null): string | null {
  const winner = stored === null ? null : matchOverride(loadOverrides(stored.bytes), baseRoute(''));
  if (winner?.fields?.isShadow === undefined) return null;
  return `the override ${JSON.stringify(winner.prefix)} catches every route, so no policy shows a flag`;
}

function probeFor(
  { url, bucket }: Probe,
  flags: readonly ExpectedFlag[],
  environment: Pick<Environment, 'buckets'>,
  stored: StoredOverrides | null,
): FlagProofInput['probes'] {
  const { pathname } = new URL(url);
  const name = bucket ?? bucketOfRoute(environment, pathname);
  const winner = stored === null ? null : matchOverride(loadOverrides(stored.bytes), pathname);
  const [only] = flags;
  const flag = name === null && flags.length === 1 ? only : flags.find(({ names }) => names.includes(name ?? ''));
  const decidedBy = winner?.fields?.isShadow === undefined ? null : winner.prefix;
  return flag === undefined ? [] : [{ url, flag, decidedBy }];
}

/** The flags as they are to stand in the environment of the server's processes. */
export function flagsToSet({ flags }: FlagPlan): readonly FlagToSet[] {
  return flags.map(({ variable, after }) => ({ variable, value: after }));
}

/** Somebody else may do them: the environment is named, whether this command line named it or not. */
function manualSteps(plan: FlagPlan, { name, address }: Pick<Environment, 'name' | 'address'>) {
  const file = plan.driver.kind === 'env-file' ? plan.driver.place : null;
  return restartSteps(
    flagsToSet(plan),
    file,
    addressed('rlctl reload, then rlctl shadow list', { ...address, environment: name }),
  );
}

function throwIfInterrupted({ deadline }: EffectPorts, plan: FlagPlan): void {
  if (plan.isNoop || !deadline.interrupted.aborted) return;
  const { reason } = deadline.interrupted;
  const kind = reason instanceof RlctlError && reason.kind === 'terminated' ? 'terminated' : 'interrupted';
  const what = plan.flags.map(({ variable }) => variable).join(', ');
  throw new RlctlError(kind, `${kind} after ${what} was written; its effect is not proven`, {
    code: kind.toUpperCase(),
    hint: `Run "rlctl reload" to make it take hold and "rlctl shadow list" to see it, or ${wayBack(plan)} to take it back.`,
    details: { variables: plan.flags.map(({ variable, after }) => ({ variable, after })), applied: true },
  });
}

function wayBack({ isOn, flags }: FlagPlan): string {
  const verb = isOn ? 'off' : 'on';
  return flags.map(({ bucket }) => `"${shellWords(['rlctl', 'shadow', verb, bucket.name])}"`).join(' and ');
}
