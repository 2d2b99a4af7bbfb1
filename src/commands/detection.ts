import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { serverName } from '../domain/config/server-name.js';
import { rememberSigns, type Detected, type Signs } from '../domain/dialect/dialect.js';
import { signsOf } from '../domain/dialect/signs.js';
import { RlctlError } from '../domain/errors.js';
import type { Known } from '../domain/proof/proof.js';
import type { Effect, EffectPorts } from '../procedures/effect.js';
import type { ReloadRecord } from '../domain/reload-record.js';
import { amendReload, forgetReload, keepReload, type ReloadCause, type Server } from './last-reload.js';
import { forgetAnswers, keepAnswers } from './refused-signatures.js';
import { forgetFlips } from './shadow/flips.js';

/**
 * What was seen of an environment's server last; `null`: nothing. It is a memory, never an assumption: it decides what is
 * tried first and what a verdict may mention, and every step is checked anew.
 */
export async function recall(context: Context, environment: Environment): Promise<Detected | null> {
  const { loadState } = await import('../config.js');
  return (await loadState(context)).detected[serverName(environment)] ?? null;
}

/** What a proof is told of the server that was seen. */
export function knownOf(seen: Detected | null): Known {
  return {
    readsOverrides: seen?.readsOverrides ?? null,
    enforcesOverrides: seen?.enforcesOverrides ?? null,
    workersSeen: seen?.workersSeen ?? null,
    workersSeenAt: seen?.seenAt.workersSeen ?? null,
  };
}

/** The environment's base paths, the one that worked last in front. */
export function basePathsByMemory(environment: Environment, seen: Detected | null): readonly string[] {
  const known = environment.basePaths.filter((path) => path === seen?.basePath);
  return [...known, ...environment.basePaths.filter((path) => path !== seen?.basePath)];
}

/**
 * Remembers what a reload was accepted with, what its proof taught, and who sent it. What is done is done: where nothing
 * can be kept, that is a remark.
 */
export async function remember(
  context: Context,
  environment: Environment,
  effect: Effect,
  { seen, by }: { readonly seen: Detected | null; readonly by: ReloadCause },
): Promise<void> {
  await quietly(context, 'this reload', async () => {
    const worked = effect.reloads.find(({ outcome }) => outcome === 'accepted');
    const reached = { endpoint: worked?.endpoint ?? null, profile: worked?.profile ?? null };
    if (worked) await keepSigns(context, environment, signsOf(reached, effect.proof), seen);
    await keepReload(context, environment, effect, by);
  });
}

/** Hears what each address says to a reload, also where none accepts it and the command ends with that. */
export function hearing(context: Context, environment: Environment): NonNullable<EffectPorts['hear']> {
  return (reloads) => quietly(context, 'this reload', () => keepAnswers(context, environment, reloads));
}

/** Remembers what harmless reads showed; like every memory, it is tried first and never relied on. */
export async function rememberSeen(
  context: Context,
  environment: Environment,
  { signs, seen }: { readonly signs: Signs; readonly seen: Detected | null },
): Promise<void> {
  await quietly(context, 'this server', () => keepSigns(context, environment, signs, seen));
}

/** Remembers what became of the verdict of a reload that was looked at for longer than its proof did. */
export async function rememberVerdict(
  context: Context,
  environment: Environment,
  amended: Pick<ReloadRecord, 'verdict' | 'watched'>,
): Promise<void> {
  await quietly(context, 'this reload', () => amendReload(context, environment, amended));
}

/** What is done is done: where nothing can be kept, that is a remark. */
async function quietly(context: Context, what: string, keep: () => Promise<void>): Promise<void> {
  try {
    await keep();
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(`nothing could be remembered of ${what}: ${error.message}`);
  }
}

/** Only what is news. */
async function keepSigns(
  context: Context,
  environment: Environment,
  signs: Signs,
  seen: Detected | null,
): Promise<void> {
  const now = rememberSigns(seen, signs, new Date(context.clock.nowMs()).toISOString());
  if (now === null) return;
  const { updateState } = await import('../config.js');
  const key = serverName(environment);
  await updateState(context, (state) => ({ ...state, detected: { ...state.detected, [key]: now } }));
}

/**
 * Forgets everything about a server that is gone for good: what was seen, its last reload, and its flags.
 * `isWithDocument`: its Redis is gone too.
 */
export async function forget(context: Context, environment: Server, isWithDocument: boolean): Promise<void> {
  const { updateState } = await import('../config.js');
  await forgetReload(context, environment, isWithDocument);
  await forgetFlips(context, environment);
  await forgetAnswers(context, environment);
  await updateState(context, (state) => {
    const { [serverName(environment)]: _, ...detected } = state.detected;
    const shadows = Object.entries(state.shadows).filter(([key]) => !key.startsWith(`${environment.name} `));
    return { ...state, detected, shadows: Object.fromEntries(shadows) };
  });
}
