import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';

/** The override document of an environment; `null`: no Redis is configured for it. */
export async function optionalStore(
  context: Context,
  environment: Environment,
): Promise<Awaited<ReturnType<Context['store']>> | null> {
  return environment.redis === null || environment.namespace === null ? null : context.store(environment);
}
