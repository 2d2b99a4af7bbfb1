import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { endingRemark, stoodOn } from '../../domain/panic/stood-on.js';
import { addressed } from '../../domain/printed-command.js';
import { shareOf } from '../../procedures/share.js';
import { openPanics } from './kept.js';

/**
 * What somebody should know who takes prefixes or variables out of shadow: which open panics that ends. Where it cannot be
 * told it is a note, for what is to be enforced again does not wait for it.
 */
export async function endingRemarks(
  context: Context,
  environment: Environment,
  way: 'overrides' | 'flags',
  whats: readonly string[],
): Promise<readonly string[]> {
  if (environment.redis === null || environment.namespace === null || environment.untrustedFile !== null) return [];
  try {
    const open = await openPanics(context, environment, shareOf(context.deadline, context.clock));
    return stoodOn(open, way, whats).map((each) => {
      const restore = `rlctl panic restore ${each.panic.id}`;
      return addressed(endingRemark(each, restore), environment.address);
    });
  } catch (error) {
    if (!(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    await context.note(`whether an open panic ends with this is not known: ${error.message}`);
    return [];
  }
}
