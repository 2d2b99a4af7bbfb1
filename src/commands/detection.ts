import type { Detected } from '../config.js';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';
import type { Effect } from '../procedures/effect.js';
import { forgetReload, keepReload, type ReloadCause } from './last-reload.js';
import { forgetFlips } from './shadow/flips.js';

/**
 * What was seen of an environment's server last; `null`: nothing. It is a memory, never an assumption: it decides what is
 * tried first and what a verdict may mention, and every step is checked anew.
 */
export async function recall(context: Context, environment: Environment): Promise<Detected | null> {
  const { loadState } = await import('../config.js');
  return (await loadState(context)).detected[memoryKey(environment)] ?? null;
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
  try {
    await keepDetected(context, environment, effect, seen);
    await keepReload(context, environment, effect, by);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(`nothing could be remembered of this reload: ${error.message}`);
  }
}

/** Only where it differs from what was known. */
async function keepDetected(
  context: Context,
  environment: Environment,
  { reloads, proof }: Effect,
  seen: Detected | null,
): Promise<void> {
  const worked = reloads.find(({ outcome }) => outcome === 'accepted');
  if (!worked?.endpoint || worked.profile === null) return;
  const now = {
    basePath: worked.endpoint.basePath,
    profile: worked.profile,
    readsOverrides: proof.learned.readsOverrides ?? seen?.readsOverrides ?? null,
    enforcesOverrides: proof.learned.enforcesOverrides ?? seen?.enforcesOverrides ?? null,
  };
  if (seen !== null && Object.entries(now).every(([name, value]) => seen[name as keyof Detected] === value)) return;
  const { updateState } = await import('../config.js');
  const at = new Date(context.clock.nowMs()).toISOString();
  const key = memoryKey(environment);
  await updateState(context, (state) => ({ ...state, detected: { ...state.detected, [key]: { ...now, at } } }));
}

/** Forgets everything about a server that is gone for good: what was seen, its last reload, and its flags. */
export async function forget(context: Context, environment: Pick<Environment, 'name' | 'api'>): Promise<void> {
  const { updateState } = await import('../config.js');
  await forgetReload(context, environment);
  await forgetFlips(context, environment);
  await updateState(context, (state) => {
    const { [memoryKey(environment)]: _, ...detected } = state.detected;
    const shadows = Object.entries(state.shadows).filter(([key]) => !key.startsWith(`${environment.name} `));
    return { ...state, detected, shadows: Object.fromEntries(shadows) };
  });
}

/** Another address under the same name is another server. */
function memoryKey(environment: Pick<Environment, 'name' | 'api'>): string {
  return `${environment.name} ${environment.api[0] ?? ''}`;
}
