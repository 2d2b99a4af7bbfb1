import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { KeptFlag } from '../../domain/panic/kept.js';
import type { Present } from '../../domain/panic/panics.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import { textOf } from '../../procedures/shadow/env-file-driver.js';
import { wantedFlags } from '../shadow/flips.js';

/**
 * What the flags of panics are now: by the env file; of flags that a program sets, by what this machine set since. Where
 * neither tells it, nobody can.
 */
export async function flagTexts(context: Context, environment: Environment): Promise<Present['flagText']> {
  if (environment.shadowDriver === 'overrides') return () => undefined;
  const { place, envFile, flips } = await wantedFlags(context, environment);
  if (envFile !== null) {
    const text = await textIn(context, envFile);
    return ({ record }) => (text === null || record.place !== place ? undefined : lineIn(text, record));
  }
  return ({ bucket, record }) => {
    const since = flips.find((flip) => flip.bucket === bucket && flip.place === record.place);
    return since === undefined || since.at <= record.at ? undefined : String(since.isOn);
  };
}

/** What an env file says; `null`: it cannot be read here. */
export async function textIn(context: Context, path: string): Promise<string | null> {
  try {
    return textOf(await (await context.envFiles()).read(path));
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

function lineIn(text: string, { variable }: KeptFlag['record']): string | null | undefined {
  try {
    return findAssignment(text, variable)?.raw ?? null;
  } catch (error) {
    if (error instanceof RlctlError) return undefined;
    throw error;
  }
}
