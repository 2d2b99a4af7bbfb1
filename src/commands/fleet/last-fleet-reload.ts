import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { parseFleetReloadRecord, withOutcome, type FleetReloadRecord } from '../../domain/fleet/reload-record.js';
import type { FleetReload } from '../../procedures/fleet/reload.js';

/** The last fleet reload of an environment sent from this machine; `null`: none that is known. */
export async function lastFleetReload(context: Context, environment: Environment): Promise<FleetReloadRecord | null> {
  return parseFleetReloadRecord(await context.files.readText(await recordPath(context, environment)));
}

/**
 * Keeps what became of each instance, so that a later run can go on from there; `earlier`: the record that this one went
 * on from. What is done is done: where nothing can be kept, that is a remark.
 */
export async function keepFleetReload(
  context: Context,
  environment: Environment,
  result: FleetReload,
  earlier: FleetReloadRecord | null,
): Promise<void> {
  const record: FleetReloadRecord = {
    at: new Date(context.clock.nowMs()).toISOString(),
    revision: result.stored?.revision ?? null,
    instances: result.instances.map(({ instance, state }) => ({ ...instance, state })),
  };
  try {
    const text = `${JSON.stringify(withOutcome(earlier, record))}\n`;
    await context.files.writePrivate(await recordPath(context, environment), text);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(
      `nothing could be kept of this fleet reload, so --resume cannot go on from it: ${error.message}`,
    );
  }
}

/** The same name in another file is another environment. */
async function recordPath(context: Context, { name }: Environment): Promise<string> {
  const [{ lastFleetReloadPath }, { path }] = await Promise.all([import('../../config.js'), context.config()]);
  return lastFleetReloadPath(context.host.env, `${name} ${path ?? ''}`);
}
