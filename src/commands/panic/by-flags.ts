import type { Context } from '../../context.js';
import { bucketNamed, bucketsOfAll, type BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { panicCommand, type PanicTarget } from '../../domain/panic/target.js';
import { notAttempted, reloadWithoutRedis } from '../../domain/proof/proof.js';
import { shellWords } from '../../domain/shell-words.js';
import type { KeptFlag } from '../../domain/panic/kept.js';
import { flagChangeRecord, type FlagPlan, type FlagResult } from '../../procedures/shadow/change-flags.js';
import { whyUnreloadable } from '../../procedures/reload/safely.js';
import { flagPlanView, flagResultView } from '../../ui/shadow-view.js';
import { lastRevision } from '../last-reload.js';
import { authorOf } from '../mutation.js';
import { optionalStore } from '../optional-store.js';
import { makeFlagChange } from '../shadow/flags.js';
import { mostShown, overridesAgainst } from '../shadow/objection.js';
import type { PanicMade } from './acted.js';
import type { NamedPanic } from './input.js';
import { cutOff } from './cut-off.js';
import { keepActing, keepFound } from './kept.js';

// The runbook's "bucket shadow": the flag of the bucket, or of every bucket, through the env file or the program.

export async function actByFlags(context: Context, environment: Environment, input: NamedPanic): Promise<PanicMade> {
  const { target, mutation, id } = input;
  const buckets = target.kind === 'bucket' ? [bucketNamed(environment, target.name)] : bucketsOfAll(environment);
  const state = { isKept: false };
  const made = await makeFlagChange(context, environment, {
    isOn: true,
    buckets,
    mutation,
    command: panicCommand(target),
    partOf: [{ kind: 'panic', id }],
    objection: (bytes) =>
      overridesAgainst(environment, { buckets, isEverything: target.kind === 'global' }, bytes, (prefixes) => ({
        what: 'let it through as well',
        commands: curesOf(environment, target, buckets, prefixes),
      })),
    onAgreed: async (plan) => {
      const flags = await flagsOf(context, environment, input, plan);
      state.isKept = await keepActing(context, environment, input, { way: 'flags', flags });
    },
  }).catch(async (error: unknown) => {
    throw state.isKept ? await cutOff(context, environment, id, error) : error;
  });
  if (made.kind === 'planned') return { planned: flagPlanView(made.plan, environment) };
  const { isNoop } = made.result.plan;
  const found = isNoop
    ? await keepFound(context, environment, input, {
        way: 'flags',
        flags: await flagsOf(context, environment, input, made.result.plan),
      })
    : null;
  const panicId = found?.id ?? (state.isKept ? id : null);
  const nextReload = mutation.effect.isReloading ? null : await reloadLeftOut(context, environment, panicId !== null);
  const result = nextReload === null ? made.result : withNext(made.result, nextReload);
  return {
    acted: {
      way: 'flags',
      environment,
      view: flagResultView(result, environment),
      exit: result.exit,
      effect: result.effect,
      panicId,
      ...(nextReload === null ? {} : { nextReload }),
      isNew: isNoop ? (found?.isNew ?? false) : true,
      isFound: isNoop && found?.isNew === true,
      restore:
        panicId === null && isNoop ? null : panicId === null ? ownWayBack(target) : `rlctl panic restore ${panicId}`,
      changeId: null,
      routes: [...new Set(buckets.flatMap(({ routes }) => routes))],
      manualSteps: platformSteps(environment, input, result),
    },
  };
}

/** How the reload that was left out is had where a plain one would be refused; `null`: nothing tells that it would. */
async function reloadLeftOut(context: Context, environment: Environment, isRecorded: boolean): Promise<string | null> {
  const store = await optionalStore(context, environment);
  if (store === null) return null;
  // Redis that could not keep the panic is away, and is not waited for once more.
  if (!isRecorded) return `run: ${reloadWithoutRedis}`;
  const stored = await store.read(context.deadline).catch((error: unknown) => {
    // It has acted by now: what a look at the document fails for is no reason to keep that to itself.
    if (error instanceof RlctlError) return null;
    throw error;
  });
  if (stored === null) return null;
  return whyUnreloadable(stored, await lastRevision(context, environment));
}

function withNext(result: FlagResult, next: string): FlagResult {
  const { effect } = result;
  return { ...result, effect: { ...effect, proof: notAttempted('--no-reload', effect.proof.levelAsked, next) } };
}

/** The commands that let what these overrides catch through as well. */
function curesOf(
  environment: Environment,
  target: PanicTarget,
  buckets: readonly BucketNames[],
  prefixes: readonly string[],
): readonly string[] {
  const isEverything = target.kind === 'global';
  const names = new Set<string | null>(buckets.map(({ name }) => name));
  // A prefix that catches other buckets as well would take them along.
  const isOwn = (prefix: string): boolean =>
    names.has(bucketOfRoute(environment, prefix)) || (isEverything && prefix !== '');
  const ownWays = prefixes.every(isOwn)
    ? prefixes.map((prefix) => shellWords(['rlctl', 'panic', 'route', prefix]))
    : [];
  const isRouteless = target.kind === 'bucket' && buckets.every(({ routes }) => routes.length === 0);
  const whole = `rlctl ${isRouteless ? 'panic global' : panicCommand(target)} --by overrides`;
  return prefixes.length > mostShown ? [whole] : [...ownWays, whole];
}

/** What this machine alone remembers. */
function ownWayBack(target: PanicTarget): string {
  return target.kind === 'bucket' ? shellWords(['rlctl', 'shadow', 'off', target.name]) : 'rlctl shadow off --all';
}

async function flagsOf(
  context: Context,
  environment: Environment,
  { mutation }: NamedPanic,
  { driver, flags }: FlagPlan,
): Promise<readonly KeptFlag[]> {
  const author = await authorOf(context, environment, mutation);
  const at = new Date(context.clock.nowMs()).toISOString();
  return flags.map((flag) => {
    const isFound = !flag.isChanged || flag.before === flag.after;
    const kept = { bucket: flag.bucket.name, record: flagChangeRecord(flag, driver, author, at) };
    return isFound ? { ...kept, isFound } : kept;
  });
}

/** The steps of the flags stand beside them; those of the switch are told where the configuration has them. */
function platformSteps({ killSwitch }: Environment, { target }: NamedPanic, { effect }: FlagResult): readonly string[] {
  if (target.kind !== 'global' || effect.proof.levelReached === 'enforced') return [];
  return killSwitch !== null && 'steps' in killSwitch ? killSwitch.steps : [];
}
