import type { Context } from '../context.js';
import { isFleet, usesList, type Environment } from '../domain/config/environment.js';
import { documentName, serverName } from '../domain/config/server-name.js';
import { parseReloadRecord, type ReloadRecord } from '../domain/reload-record.js';
import type { Revision } from '../domain/revision.js';
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
  const text = `${JSON.stringify(record)}\n`;
  for (const path of await recordPaths(context, environment)) await context.files.writePrivate(path, text);
  // A reload for the sake of a flag or the switch is about no document: what is known of that stays.
  if (by.revision !== undefined) await context.files.writePrivate(await documentPath(context, environment), text);
}

/** Keeps another verdict of the last reload, and what it rests on, where that is still the one a panic or a rollout sent. */
export async function amendReload(
  context: Context,
  environment: Environment,
  amended: Pick<ReloadRecord, 'verdict' | 'watched'>,
): Promise<void> {
  const last = await lastReload(context, environment);
  if (last === null || !/^(?:panic|rollout) /.test(last.command)) return;
  // What the watch of a panic came to is nothing of a later reload's.
  const { watched } = amended;
  if (watched !== undefined && watched.decisions !== null && watched.until !== last.watched?.until) return;
  const text = `${JSON.stringify({ ...last, ...amended } satisfies ReloadRecord)}\n`;
  for (const path of await recordPaths(context, environment)) await context.files.writePrivate(path, text);
}

/** True where a flag named the address, and the environment by itself has several. */
export async function isPart(context: Context, environment: Environment): Promise<boolean> {
  return (await fleetAround(context, environment)) !== null;
}

/** The environment by itself, where a flag named an address and it has several; `null`: there is no such. */
async function fleetAround(context: Context, { sources }: Environment): Promise<Environment | null> {
  if (sources.get('api') !== 'flag') return null;
  const whole = await context.environment();
  return isFleet(whole) ? whole : null;
}

/** The last reload sent from this machine; `null`: none that is known. */
export async function lastReload(context: Context, environment: Environment): Promise<ReloadRecord | null> {
  return parseReloadRecord(await context.files.readText(await recordPath(context, environment)));
}

/**
 * The override document that was reloaded last from this machine, whichever server took it; `null`: none that is known.
 * Where nothing is stored any more, it tells that something was.
 */
export async function lastRevision(context: Context, environment: Environment): Promise<Revision | null> {
  return (await lastDocumentReload(context, environment))?.revision ?? null;
}

/** The reload of that document; `null`: none that is known. */
export async function lastDocumentReload(context: Context, environment: Environment): Promise<ReloadRecord | null> {
  return parseReloadRecord(await context.files.readText(await documentPath(context, environment)));
}

/** What names a server and its document. */
export type Server = Pick<Environment, 'name' | 'api' | 'redis' | 'namespace'>;

/** Forgets the last reload of a server that is gone for good; `isWithDocument`: and its Redis with it. */
export async function forgetReload(context: Context, server: Server, isWithDocument: boolean): Promise<void> {
  await context.files.remove(await recordPath(context, server));
  if (isWithDocument) await context.files.remove(await documentPath(context, server));
}

async function recordPath({ host }: Context, server: Server): Promise<string> {
  const { lastReloadPath } = await import('../config.js');
  return lastReloadPath(host.env, serverName(server));
}

/** A reload of a part of a fleet is one of that fleet as well; which addresses a list has is not known here. */
async function recordPaths(context: Context, environment: Environment): Promise<readonly string[]> {
  const own = await recordPath(context, environment);
  const whole = await fleetAround(context, environment);
  const isWithin = whole !== null && (usesList(whole) || environment.api.every((each) => whole.api.includes(each)));
  return isWithin ? [...new Set([own, await recordPath(context, whole)])] : [own];
}

async function documentPath({ host }: Context, server: Server): Promise<string> {
  const { lastReloadPath } = await import('../config.js');
  return lastReloadPath(host.env, documentName(server));
}
