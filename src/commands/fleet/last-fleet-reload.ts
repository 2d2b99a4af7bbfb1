import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import {
  isPartOf,
  parseFleetReloadRecord,
  withOutcome,
  type FleetReloadRecord,
} from '../../domain/fleet/reload-record.js';
import type { InstanceReload } from '../../procedures/fleet/reload-instance.js';
import { keepAnswers } from '../refused-signatures.js';

/** The last fleet reload of an environment sent from this machine; `null`: none that is known. */
export async function lastFleetReload(context: Context, environment: Environment): Promise<FleetReloadRecord | null> {
  return parseFleetReloadRecord(await context.files.readText(await recordPath(context, environment)));
}

/** What is kept of a fleet reload. */
export interface KeptReload {
  readonly instances: readonly InstanceReload[];
  /** The document that was to hold; `null`: its proof was waived. */
  readonly revision: string | null;
  /** True: they were named, and are a part of the environment's. */
  readonly isPart?: boolean;
}

/**
 * Keeps what became of each instance, so that a later run can go on from there. A run on a part of the fleet reloaded last
 * is laid over that one. What is done is done: where nothing can be kept, that is a remark.
 */
export async function keepFleetReload(
  context: Context,
  environment: Environment,
  { instances, revision, isPart = false }: KeptReload,
): Promise<void> {
  const at = new Date(context.clock.nowMs()).toISOString();
  try {
    await keepAnswers(
      context,
      environment,
      instances.map(({ instance, reload, error }) => ({ target: instance.name, outcome: reload?.outcome, error })),
    );
    const known = await lastFleetReload(context, environment);
    const record: FleetReloadRecord = {
      at,
      revision,
      instances: instances.map(({ instance, state }) => ({ ...instance, state })),
      ...(isPart ? { isPart } : {}),
    };
    const earlier = known !== null && isPartOf(record, known) ? known : null;
    const text = `${JSON.stringify(withOutcome(earlier, record))}\n`;
    await context.files.writePrivate(await recordPath(context, environment), text);
    if (known !== null && earlier === null) await forgotten(context, known);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    await context.note(
      `nothing could be kept of this fleet reload, so --resume cannot go on from it: ${error.message}`,
    );
  }
}

/** Another list of instances is another fleet: what was left of the one before is not gone on with any more. */
async function forgotten(context: Context, { instances, at }: FleetReloadRecord): Promise<void> {
  const left = instances.filter(({ state }) => state !== 'done').length;
  if (left === 0) return;
  await context.note(
    `this was about other instances than the fleet reload of ${at}, of which ${left} of ${instances.length} were left: --resume goes on from this one now`,
  );
}

/** The same name in another file is another environment. */
async function recordPath(context: Context, { name }: Environment): Promise<string> {
  const [{ lastFleetReloadPath }, { path }] = await Promise.all([import('../../config.js'), context.config()]);
  return lastFleetReloadPath(context.host.env, `${name} ${path ?? ''}`);
}
