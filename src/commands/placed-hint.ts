import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';
import { placedError } from '../domain/redis-cli.js';

/** The same error, where commands for redis-cli in its hint go to the environment's Redis; as it is where that tells nothing. */
export async function placedHint(context: Context, environment: Environment, error: unknown): Promise<unknown> {
  if (!(error instanceof RlctlError) || error.hint?.includes('redis-cli ') !== true) return error;
  try {
    return placedError(error, await (await context.redisInspector(environment)).inspect(context.deadline));
  } catch (silent) {
    if (silent instanceof RlctlError) return error;
    throw silent;
  }
}
