import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { Present } from '../../domain/panic/panics.js';
import { flagTextIn } from '../../domain/panic/present.js';
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
    return flagTextIn(await textIn(context, envFile), place);
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
