import { resolve } from 'node:path';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { Reach } from '../../domain/operation/origin.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { parseFlagFlips, type FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { KnownFlip } from '../../domain/shadow/flip-log.js';
import { recordDeadline } from '../../procedures/runbook/own-deadline.js';
import type { FlagPlan } from '../../procedures/shadow/change-flags.js';
import type { PlannedFlag } from '../../procedures/shadow/flag-driver.js';
import type { Author } from '../../procedures/override/write.js';

// The history in Redis tells of overrides alone; of flags that were set in a file or by a program this machine at least
// knows its own.

/** Where the environment's flags are set: the file's path, or the program. `null`: through overrides. */
function driverPlace(context: Context, { shadowDriver }: Environment): string | null {
  if (shadowDriver === 'overrides') return null;
  return 'exec' in shadowDriver ? (shadowDriver.exec[0] ?? '') : resolve(context.host.cwd, shadowDriver['env-file']);
}

/** What the flags of an environment are compared with. A file that nobody vouched for has none read. */
export async function wantedFlags(context: Context, environment: Environment) {
  const { shadowDriver, untrustedFile } = environment;
  const place = driverPlace(context, environment);
  const isFile = typeof shadowDriver === 'object' && 'env-file' in shadowDriver && untrustedFile === null;
  return { place, envFile: isFile ? place : null, flips: await flagFlips(context, environment) };
}

/** Where the environment's flags are set from here; a file is this machine's own, a program does the same on every machine. */
export async function flagsHere(context: Context, environment: Environment) {
  const isFile = typeof environment.shadowDriver === 'object' && 'env-file' in environment.shadowDriver;
  return { place: driverPlace(context, environment), machine: isFile ? await context.hostName() : null };
}

/** By what this configuration sets flags and the master switch. */
export async function reachOf(context: Context, environment: Environment): Promise<Reach> {
  const { killSwitch, address } = environment;
  return {
    flags: driverPlace(context, environment),
    killSwitch: killSwitch !== null && 'exec' in killSwitch ? (killSwitch.exec[0] ?? '') : null,
    machine: await context.hostName(),
    config: address.config,
    environments: [...(await context.config()).environments.keys()],
  };
}

/** What this machine set last, one for each bucket; empty: nothing that is known. */
export async function flagFlips(context: Context, environment: Environment): Promise<readonly FlagFlip[]> {
  return parseFlagFlips(await context.files.readText(await flipsPath(context, environment)));
}

/** Who flipped flags, past which guards, and what its proof came to. */
interface FlipTerms {
  readonly author: Author;
  readonly guards: readonly string[];
  readonly verdict: Verdict;
  /** The time by which it was told before it was made; `null`: it was not. */
  readonly begunAt: string | null;
}

/**
 * Tells everybody what stands in a file before that is changed, so that somebody else can put it back to the byte also where
 * this process is killed between the change and its proof. Resolves with the time by which it is kept; `null`: nothing is told.
 * Not of a program: nobody could tell afterwards whether it ran, and to set back what never was set may begin to block.
 */
export async function tellBegun(
  context: Context,
  environment: Environment,
  plan: FlagPlan,
  terms: Pick<FlipTerms, 'author' | 'guards'>,
): Promise<string | null> {
  const at = new Date(context.clock.nowMs()).toISOString();
  const begun = begunFlips(context, plan, { ...terms, at });
  const isTold = await tellMachines(context, environment, begun);
  // An interrupt meanwhile is no fault of Redis, and ends the change before it is made.
  if (!isTold && !context.deadline.interrupted.aborted) await noteUntold(context);
  return begun.length === 0 ? null : at;
}

/** The same for what was not made after all. */
export async function takeBegunBack(
  context: Context,
  environment: Environment,
  plan: FlagPlan,
  terms: Pick<FlipTerms, 'author' | 'guards'> & { readonly at: string },
): Promise<void> {
  await tellMachines(context, environment, begunFlips(context, plan, terms), true);
}

function begunFlips(
  context: Context,
  plan: FlagPlan,
  terms: Pick<FlipTerms, 'author' | 'guards'> & { readonly at: string },
): readonly KnownFlip[] {
  const flips = flipsOf(plan, { ...terms, verdict: 'notAttempted', partOf: partsOf(context, plan) });
  return flips.filter(({ text }) => text !== undefined).map((flip) => ({ ...flip, isBegun: true }));
}

/** The longer operations that a change is a part of. */
function partsOf(context: Context, { partOf = [] }: FlagPlan): readonly OperationRef[] {
  return [...context.partOf, ...partOf];
}

/**
 * Keeps what a change set, and what its proof came to; where nothing was set, the proof counts for what stood already.
 * What is done is done: where nothing can be kept, that is a remark.
 */
export async function keepFlips(
  context: Context,
  environment: Environment,
  plan: FlagPlan,
  terms: FlipTerms,
): Promise<void> {
  try {
    const before = await flagFlips(context, environment);
    const at = terms.begunAt ?? new Date(context.clock.nowMs()).toISOString();
    const news = flipsOf(plan, { ...terms, partOf: partsOf(context, plan), at });
    const after = [...stillKnown(before, plan, terms.verdict), ...news];
    if (JSON.stringify(after) !== JSON.stringify(before))
      await context.files.writePrivate(await flipsPath(context, environment), `${JSON.stringify(after)}\n`);
    if (!(await tellMachines(context, environment, news))) await noteUntold(context);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(`nothing could be remembered of this change: ${error.message}`);
  }
}

/** What a change set, a flip for each bucket. */
function flipsOf(
  { driver, flags, isOn }: FlagPlan,
  { author, guards, verdict, partOf, at }: Omit<FlipTerms, 'begunAt'> & Required<Pick<FlagFlip, 'partOf' | 'at'>>,
): readonly FlagFlip[] {
  const { actor, reason, ticket } = author;
  const said = {
    isOn,
    place: driver.place,
    actor,
    reason,
    ticket,
    at,
    verdict,
    ...(guards.length === 0 ? {} : { guards }),
    ...(partOf.length === 0 ? {} : { partOf }),
  };
  // A program is asked of the server, which may not have taken up yet what stands.
  const textOf = ({ variable, before, after }: PlannedFlag): Pick<FlagFlip, 'text'> =>
    driver.kind === 'exec' || before === undefined ? {} : { text: { variable, before, wrote: after } };
  const set = new Map(flags.filter(({ isChanged }) => isChanged).map((flag) => [flag.bucket.name, flag]));
  return [...set].map(([bucket, flag]) => ({ bucket, ...said, ...textOf(flag) }));
}

/** What was known and was not set anew; what was asked for and stood already is proven by now. */
function stillKnown(before: readonly FlagFlip[], { flags }: FlagPlan, verdict: Verdict): readonly FlagFlip[] {
  const set = new Set(flags.filter(({ isChanged }) => isChanged).map(({ bucket }) => bucket.name));
  const asked = new Set(flags.map(({ bucket }) => bucket.name));
  return before
    .filter(({ bucket }) => !set.has(bucket))
    .map((flip) => (asked.has(flip.bucket) && verdict === 'proven' ? { ...flip, verdict } : flip));
}

/**
 * Whoever is in an incident on another machine hears of it through Redis, also after an interrupt. False: Redis did not take
 * it, and only this one knows.
 */
async function tellMachines(
  context: Context,
  environment: Environment,
  flips: readonly KnownFlip[],
  isTakenBack = false,
): Promise<boolean> {
  if (flips.length === 0 || environment.redis === null || environment.namespace === null) return true;
  const deadline = recordDeadline(context.deadline, context.clock);
  const [{ logFlips }, machine] = await Promise.all([
    import('../../procedures/shadow/flip-log.js'),
    context.hostName(),
  ]);
  const operations = await context.operationStore(environment);
  const told = flips.map((flip) => ({ ...flip, machine, environment: environment.name }));
  return logFlips({ operations, deadline }, told, isTakenBack).catch((error: unknown) => {
    if (error instanceof RlctlError) return false;
    throw error;
  });
}

async function noteUntold(context: Context): Promise<void> {
  await context.noteOnce('only this machine knows of this change of flags: Redis did not take it');
}

/** Forgets the flags of a server that is gone for good. */
export async function forgetFlips(context: Context, environment: Pick<Environment, 'name' | 'api'>): Promise<void> {
  await context.files.remove(await flipsPath(context, environment));
}

/** Another address under the same name is another server. */
async function flipsPath({ host }: Context, { name, api }: Pick<Environment, 'name' | 'api'>): Promise<string> {
  const { flagFlipsPath } = await import('../../config.js');
  return flagFlipsPath(host.env, `${name} ${api[0] ?? ''}`);
}
