import type { Context } from '../context.js';
import { isFleet, type Environment } from '../domain/config/environment.js';
import { parseReloadRecord, type ReloadRecord } from '../domain/reload-record.js';
import type { Effect } from '../procedures/effect.js';

/** Which command sent a reload, and why. */
export type ReloadCause = Pick<ReloadRecord, 'command' | 'reason' | 'ticket'> &
  Partial<Pick<ReloadRecord, 'revision' | 'guards' | 'part'>>;

// No server tells who reloaded it last, or why; this machine at least knows of its own.

/** Keeps who sent the reload that a server has accepted just now; nothing where none has. */
export async function keepReload(
  context: Context,
  environment: Environment,
  { reloads, proof }: Effect,
  by: ReloadCause,
): Promise<void> {
  const targets = reloads.map(({ target }) => target);
  const report = reloads.findLast(({ outcome }) => outcome === 'accepted')?.report;
  if (!report) return;
  const record: ReloadRecord = {
    at: new Date(context.clock.nowMs()).toISOString(),
    ...by,
    ...(by.part === undefined && (await isPart(context, environment)) ? { part: targets } : {}),
    revision: by.revision ?? null,
    actor: await context.actor(),
    verdict: proof.verdict,
    isEnabled: report.isEnabled,
    isGlobalShadow: report.isShadow,
  };
  await context.files.writePrivate(await recordPath(context, environment), `${JSON.stringify(record)}\n`);
}

/** True where a flag named the address, and the environment by itself has several. */
export async function isPart(context: Context, { sources }: Environment): Promise<boolean> {
  return sources.get('api') === 'flag' && isFleet(await context.environment());
}

/** The last reload sent from this machine; `null`: none that is known. */
export async function lastReload(context: Context, environment: Environment): Promise<ReloadRecord | null> {
  return parseReloadRecord(await context.files.readText(await recordPath(context, environment)));
}

/** Forgets the last reload of a server that is gone for good. */
export async function forgetReload(context: Context, environment: Pick<Environment, 'name' | 'api'>): Promise<void> {
  await context.files.remove(await recordPath(context, environment));
}

/** Another address under the same name is another server. */
async function recordPath({ host }: Context, { name, api }: Pick<Environment, 'name' | 'api'>): Promise<string> {
  const { lastReloadPath } = await import('../config.js');
  return lastReloadPath(host.env, `${name} ${api[0] ?? ''}`);
}
