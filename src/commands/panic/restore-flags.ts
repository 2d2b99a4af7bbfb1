import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import type { KeptFlag } from '../../domain/panic/kept.js';
import type { Panic } from '../../domain/panic/panics.js';
import { assertSamePlace, restorableFlags } from '../../domain/panic/restorable-flags.js';
import { keptPanics } from '../../procedures/panic/keep.js';
import { flagPlanView, flagResultView } from '../../ui/shadow-view.js';
import type { MutationInput } from '../mutation.js';
import { flagDriver, makeFlagChange } from '../shadow/flags.js';
import { flagRecords } from '../shadow/records.js';
import { keepDone, keepPorts } from './kept.js';
import type { Restored } from './restored.js';

// Flags go back to the exact text that stood there, by what is kept in Redis: also on another machine than the one that set them.

export async function restoreFlags(
  context: Context,
  environment: Environment,
  { id }: Panic,
  mutation: MutationInput,
): Promise<Restored> {
  const flags = await standingFlags(context, environment, id);
  if (flags.length === 0) throw await alreadyBack(context, environment, id, mutation);
  const own = flagRecords(context, environment);
  const made = await makeFlagChange(context, environment, {
    isOn: false,
    buckets: flags.map(({ bucket }) => bucketNamed(environment, bucket ?? '')),
    mutation,
    command: 'panic restore',
    partOf: [{ kind: 'panic', id }],
    records: {
      get: (name) => Promise.resolve(flags.find((each) => each.bucket === name)?.record ?? null),
      set: (records) => own.set(records),
    },
  });
  if (made.kind === 'planned') return { planned: flagPlanView(made.plan, environment) };
  const { result } = made;
  // What failed half-way stays open, to be tried again.
  if (result.steps.every(({ name, state }) => name === 'reload' || state !== 'failed'))
    await keepDone(context, environment, id);
  return {
    view: flagResultView(result, environment),
    exit: result.exit,
    changeId: null,
    verdict: result.effect.proof.verdict,
  };
}

/** What of the panic still stands. Throws a conflict where a flag holds anything else by now. */
async function standingFlags(context: Context, environment: Environment, id: string): Promise<readonly KeptFlag[]> {
  const { flags } = await keptPanic(context, environment, id);
  if (environment.shadowDriver === 'overrides') assertSamePlace(flags, null, id);
  const driver = await flagDriver(context, environment);
  assertSamePlace(flags, driver.place, id);
  const wishes = flags.map(({ bucket, record }) => ({
    bucket: bucketNamed(environment, bucket ?? ''),
    isOn: false,
    record,
    serverSays: null,
    pending: null,
  }));
  const planned = await driver.plan(wishes);
  return restorableFlags(
    flags.map((flag, index) => ({ flag, now: planned[index]?.before })),
    id,
  );
}

/** The panic as it is kept. */
export async function keptPanic(context: Context, environment: Environment, id: string) {
  const ports = await keepPorts(context, environment);
  const found = ports === null ? undefined : (await keptPanics(ports)).find((each) => each.id === id);
  if (found === undefined) throw new TypeError(`the panic ${id} is not kept any more`);
  return found;
}

async function alreadyBack(context: Context, environment: Environment, id: string, { isDryRun }: MutationInput) {
  if (!isDryRun) await keepDone(context, environment, id);
  return usageError(
    `every flag that the panic ${id} set is as before it already; nothing was written`,
    'See what the server says of them with: rlctl shadow list; it may want: rlctl reload',
    'NOTHING_TO_UNDO',
  );
}
