import type { Context } from '../../context.js';
import type { AuditHead } from '../../domain/audit/finding.js';
import { keptHeadText, parseKeptHead, type KeptHead } from '../../domain/audit/kept-head.js';
import { RlctlError } from '../../domain/errors.js';
import type { Environment } from '../../domain/config/environment.js';

// A chain alone cannot show that it was recomputed as a whole. A point of it that is kept elsewhere can.

/** The point that this machine found right last; `null`: none that is known. */
export async function keptHead(context: Context, environment: Environment): Promise<KeptHead | null> {
  return parseKeptHead(await context.files.readText(await headPath(context, environment)));
}

/** Keeps the end of a history that was found right; `null`: it is empty, and what was kept before is forgotten. */
export async function keepHead(context: Context, environment: Environment, head: AuditHead | null): Promise<void> {
  const path = await headPath(context, environment);
  if (head === null) return context.files.remove(path);
  try {
    const at = new Date(context.clock.nowMs()).toISOString();
    await context.files.writePrivate(path, keptHeadText({ head, at }));
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(`the head could not be kept for the next time, so keep it yourself: ${error.message}`);
  }
}

/** The same name in another file is another environment, and another namespace another history. */
async function headPath(context: Context, { name, namespace }: Environment): Promise<string> {
  const [{ auditHeadPath }, { path }] = await Promise.all([import('../../config.js'), context.config()]);
  return auditHeadPath(context.host.env, `${name} ${namespace ?? ''} ${path ?? ''}`);
}
