import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';

/**
 * Refuses the reload of a command that is no change otherwise, where a guard refuses reloads. The way past a guard is
 * `rlctl reload`, which keeps a reason for it.
 */
export async function assertReloadUnguarded(
  context: Context,
  environment: Environment,
  command: string,
): Promise<void> {
  if (environment.guards.length === 0) return;
  const { askGuards } = await import('./guards.js');
  const nothingGiven = { overriddenGuards: [], reason: null, ticket: null, isDryRun: false };
  const asked = { command: 'reload', isReloadOnly: true, flags: [] };
  const { demands } = await askGuards(context, environment, nothingGiven, asked);
  const [first] = demands;
  if (first === undefined) return;
  throw new RlctlError('guard', first.message, {
    code: first.code,
    hint: `Leave out --reload: the rest of rlctl ${command} only reads. What lets a reload through is told by: rlctl reload --dry-run`,
    ...(first.details === undefined ? {} : { details: first.details }),
  });
}
