import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import type { KeptFlag } from '../../domain/panic/kept.js';
import { assertRestorableFlags, assertSamePlace } from '../../domain/panic/restorable-flags.js';
import { heirOf, leftRemarks, leftToOthers, takenOutRemarks, type Left } from '../../domain/panic/restoration.js';
import type { HandedFlag } from '../../procedures/panic/keep.js';
import { flagPlanView, flagResultView } from '../../ui/shadow-view.js';
import type { FlagCommand } from '../shadow/flag-plan.js';
import { flagDriver } from '../shadow/flag-reach.js';
import { reachOf } from '../shadow/flips.js';
import { makeFlagChange } from '../shadow/flags.js';
import { closeUnwritten } from './close.js';
import { flagRecords } from '../shadow/records.js';
import { keepOver } from './kept.js';
import type { Restored, ToRestore } from './restored.js';

// Flags go back to the exact text that stood there, by what is kept in Redis: also on another machine than the one that set them.

export async function restoreFlags(context: Context, environment: Environment, wanted: ToRestore): Promise<Restored> {
  const { panic, mutation } = wanted;
  const { left, back, handed } = flagsToPutBack(wanted);
  if (back.length === 0) return closeUnwritten(context, environment, wanted, { left, handed });
  await assertRestorable(context, environment, back, panic);
  const made = await makeFlagChange(context, environment, {
    isOn: false,
    buckets: back.map(({ bucket }) => bucketNamed(environment, bucket ?? '')),
    ...exactlyBack(environment, back),
    records: {
      get: (name) => Promise.resolve(back.find((each) => each.bucket === name)?.record ?? null),
      set: (records) => flagRecords(context, environment).set(records),
    },
    mutation,
    command: 'panic restore',
    partOf: [{ kind: 'panic', id: panic.id }],
    remarks: [...leftRemarks(left), ...takenOutRemarks(panic)],
  });
  if (made.kind === 'planned') return { planned: flagPlanView(made.plan, environment) };
  const { result } = made;
  // What failed half-way stays open, to be tried again.
  if (result.steps.every(({ name, state }) => name === 'reload' || state !== 'failed'))
    await keepOver(context, environment, panic, { handed, left });
  return {
    view: flagResultView(result, environment),
    exit: result.exit,
    changeId: null,
    verdict: result.effect.proof.verdict,
  };
}

/**
 * What somebody put back in the file by hand is left as it is; whether the server took that up is asked all the same. Of
 * what a program set nobody can tell: it is run again.
 */
function exactlyBack({ shadowDriver }: Environment, back: readonly KeptFlag[]): Pick<FlagCommand, 'exactly'> {
  if (typeof shadowDriver !== 'object' || 'exec' in shadowDriver) return {};
  return { exactly: new Map(back.map(({ bucket, record }) => [bucket ?? '', record])) };
}

/** What a panic set and is to put back, and what it hands on because others stand on it. */
export function flagsToPutBack({ panic, panics, kept }: Pick<ToRestore, 'panic' | 'panics' | 'kept'>): {
  readonly left: readonly Left[];
  readonly back: readonly KeptFlag[];
  readonly handed: readonly HandedFlag[];
} {
  const found = kept.find(({ id }) => id === panic.id);
  if (found === undefined) throw new TypeError(`the panic ${panic.id} is not kept any more`);
  const left = leftToOthers(panic, panics);
  const heirs = new Map(left.map(({ what, to }) => [what, heirOf(to)]));
  const own = found.flags.filter(
    ({ isFound, record }) => isFound !== true && !panic.takenOut.includes(record.variable),
  );
  return {
    left,
    back: own.filter(({ record }) => !heirs.has(record.variable)),
    handed: own.flatMap((flag) => {
      const to = heirs.get(flag.record.variable);
      return to === undefined ? [] : [{ flag, to }];
    }),
  };
}

/** Throws a conflict where one of these flags holds neither what the panic wrote nor what stood before it. */
async function assertRestorable(
  context: Context,
  environment: Environment,
  flags: readonly KeptFlag[],
  panic: ToRestore['panic'],
): Promise<void> {
  assertSamePlace(flags, panic, await reachOf(context, environment));
  const driver = await flagDriver(context, environment);
  const wishes = flags.map(({ bucket, record }) => ({
    bucket: bucketNamed(environment, bucket ?? ''),
    isOn: false,
    record,
    serverSays: null,
    pending: null,
  }));
  const planned = await driver.plan(wishes);
  assertRestorableFlags(
    flags.map((flag, index) => ({ flag, now: planned[index]?.before })),
    panic.id,
  );
}
