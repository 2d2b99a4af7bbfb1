import { basename, resolve } from 'node:path';
import type { Context } from '../context.js';
import { shells } from '../domain/completion/shells.js';
import type { Environment } from '../domain/config/environment.js';
import type { CheckId } from '../domain/doctor/checks.js';
import { RlctlError } from '../domain/errors.js';
import type { ConfigurationFacts, DoctorInput } from '../procedures/doctor/facts.js';
import { placeOf } from './completion.js';
import { basePathsByMemory, recall } from './detection.js';
import { lastReload, lastRevision } from './last-reload.js';
import { refusedSignatures } from './refused-signatures.js';

/** What doctor is asked about: whatever is wrong with the configuration is part of it, and no failure. */
export async function doctorInput(context: Context, selected: ReadonlySet<CheckId>): Promise<DoctorInput> {
  const { configuration, environment } = await subject(context);
  const known = environment instanceof RlctlError ? null : environment;
  const seen = known && (await recall(context, known));
  const { stateFolder } = await import('../config.js');
  return {
    configuration,
    environment,
    basePaths: known === null ? [] : basePathsByMemory(known, seen),
    memory: seen,
    reload: known && (await lastReload(context, known)),
    lastRevision: known && (await lastRevision(context, known)),
    refused: known === null ? new Map() : await refusedSignatures(context, known),
    stateFolder: stateFolder(context.host.env),
    resolvePath: (path) => resolve(context.host.cwd, path),
    completion: completionOf(context),
    selected,
  };
}

/** A name that is no environment is a slip of the command line, and no finding. */
async function subject(context: Context): Promise<Pick<DoctorInput, 'configuration' | 'environment'>> {
  const config = await orError(context.config());
  if (config instanceof RlctlError) return { configuration: config, environment: null };
  const { path, text, isTrusted, isChanged } = config;
  const holdsPassword = /:\/\/[^\s/@"']*:[^\s/@"'$]+@/.test(text);
  const configuration: ConfigurationFacts = { path, isTrusted, isChanged, holdsPassword };
  const environment: Environment | RlctlError = await orError(context.environment());
  const isSlip =
    environment instanceof RlctlError && ['NO_ENVIRONMENT', 'UNKNOWN_ENVIRONMENT'].includes(environment.code);
  if (isSlip) throw environment;
  return { configuration, environment };
}

async function orError<T>(asked: Promise<T>): Promise<T | RlctlError> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

/** The shell in use, where completion knows it. */
function completionOf({ host }: Context): DoctorInput['completion'] {
  const shell = shells.find((each) => each === basename(host.env['SHELL'] ?? ''));
  return shell === undefined ? null : { shell, path: placeOf(shell, host.env).path };
}
