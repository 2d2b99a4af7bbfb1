import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { parseReloadRecord, type ReloadRecord } from '../domain/reload-record.js';
import type { Effect } from '../procedures/effect.js';

/** Which command sent a reload, and why. */
export type ReloadCause = Pick<ReloadRecord, 'command' | 'reason' | 'ticket'>;

// No server tells who reloaded it last, or why; this machine at least knows of its own.

/** Keeps who sent the reload that a server has accepted just now; nothing where none has. */
export async function keepReload(
  context: Context,
  environment: Environment,
  { reloads, proof }: Effect,
  by: ReloadCause,
): Promise<void> {
  const report = reloads.findLast(({ outcome }) => outcome === 'accepted')?.report;
  if (!report) return;
  const record: ReloadRecord = {
    at: new Date(context.clock.nowMs()).toISOString(),
    ...by,
    actor: await context.actor(),
    verdict: proof.verdict,
    isEnabled: report.isEnabled,
    isGlobalShadow: report.isShadow,
  };
  await context.files.writePrivate(await recordPath(context, environment), `${JSON.stringify(record)}\n`);
}

/** The last reload sent from this machine; `null`: none that is known. */
export async function lastReload(context: Context, environment: Environment): Promise<ReloadRecord | null> {
  return parseReloadRecord(await context.files.readText(await recordPath(context, environment)));
}

/** One small file for each, replaced whole: two at once lose nothing but the older one. */
async function recordPath({ host }: Context, { name, api }: Environment): Promise<string> {
  const { stateFolder } = await import('../config.js');
  const key = createHash('sha256')
    .update(`${name} ${api[0] ?? ''}`)
    .digest('hex');
  return join(stateFolder(host.env), 'reloads', `${key.slice(0, 16)}.json`);
}
