import { resolve } from 'node:path';
import type { Context } from '../../context.js';
import { usesList, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { RlctlError } from '../../domain/errors.js';
import { assertReloadable } from '../../procedures/reload/safely.js';
import { envFileDriver } from '../../procedures/shadow/env-file-driver.js';
import { execDriver } from '../../procedures/shadow/exec-driver.js';
import type { FlagDriver } from '../../procedures/shadow/flag-driver.js';
import { addressesOf, type Addresses } from '../addresses.js';
import { hearing } from '../detection.js';
import { lastRevision } from '../last-reload.js';
import { localTraces } from '../local-leases.js';
import { optionalStore } from '../optional-store.js';
import type { MutationInput } from '../mutation.js';

/** How flags are set on this environment. Throws a guard where a file that nobody vouched for says so. */
export async function flagDriver(context: Context, environment: Environment): Promise<FlagDriver> {
  const { shadowDriver, untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (shadowDriver === 'overrides') throw new TypeError('overrides are no driver of flags');
  if (untrustedFile !== null)
    throw untrusted(untrustedFile, 'a file to edit or a program to run', { isChanged, requirements });
  const { clock, deadline, host } = context;
  if ('exec' in shadowDriver)
    return execDriver({ programs: await context.programs(), clock, deadline }, shadowDriver.exec);
  const path = resolve(host.cwd, shadowDriver['env-file']);
  return envFileDriver({ envFiles: await context.envFiles(localTraces(context)), clock }, path);
}

/** What a change of flags reaches the server by. */
export function flagPorts(context: Context, { environment, controlPlane }: Addresses) {
  for (const origin of environment.api) controlPlane.open(origin);
  const { clock, randomness, deadline } = context;
  return { controlPlane, clock, randomness, deadline, hear: hearing(context, environment) };
}

/** A reload makes the server read the document again: one that it cannot read would cost every override. */
export async function storedOf(context: Context, environment: Environment) {
  const store = await optionalStore(context, environment);
  if (store === null) return null;
  const otherwise = '--no-reload sets the flag alone.';
  const stored = await store.read(context.deadline).catch((error: unknown) => {
    // That somebody interrupted tells nothing of Redis.
    throw error instanceof RlctlError && !context.deadline.interrupted.aborted ? unsafeReload(error, otherwise) : error;
  });
  assertReloadable(stored, await lastRevision(context, environment), otherwise);
  return stored;
}

/** Where Redis does not answer us it may not answer the server either, which then drops every override. */
function unsafeReload(error: RlctlError, otherwise: string): RlctlError {
  return new RlctlError(error.kind, `a reload now could make the server drop every override: ${error.message}`, {
    code: error.code,
    hint: error.hint === undefined ? otherwise : `${error.hint.replace(/\.$/, '')}; ${otherwise}`,
    ...(error.details ? { details: error.details } : {}),
  });
}

/** Each instance is an address that has to say so. */
export async function reachedBy(
  context: Context,
  environment: Environment,
  { effect }: MutationInput,
): Promise<Addresses> {
  const { untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (!effect.isReloading) return { environment, controlPlane: await context.controlPlane(), isFleet: false };
  if (untrustedFile !== null && usesList(environment))
    throw untrusted(untrustedFile, 'the signing secret', { isChanged, requirements });
  return addressesOf(context, environment);
}
