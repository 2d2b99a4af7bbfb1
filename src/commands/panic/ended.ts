import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { endingRemark, holdingRemark, stoodOn, type StoodOn } from '../../domain/panic/stood-on.js';
import { restoreWords } from '../../domain/panic/way-back.js';
import { addressed } from '../../domain/printed-command.js';
import { shareOf } from '../../procedures/share.js';
import { reachOf } from '../shadow/flips.js';
import { openPanics } from './kept.js';

/**
 * What somebody should know who takes prefixes or variables out of shadow: which open panics that ends. Where it cannot be
 * told it is a note, for what is to be enforced again does not wait for it.
 */
export function endingRemarks(
  context: Context,
  environment: Environment,
  way: 'overrides' | 'flags',
  whats: readonly string[],
): Promise<readonly string[]> {
  return remarksOn(context, environment, { way, whats, say: endingRemark, unknown: 'an open panic ends with this' });
}

/** What somebody should know who wants prefixes in shadow for a while: which open panics keep them there anyway. */
export function holdingRemarks(
  context: Context,
  environment: Environment,
  whats: readonly string[],
): Promise<readonly string[]> {
  const unknown = 'an open panic holds this in shadow';
  return remarksOn(context, environment, { way: 'overrides', whats, say: holdingRemark, unknown });
}

interface Asked {
  readonly way: 'overrides' | 'flags';
  readonly whats: readonly string[];
  readonly say: (each: StoodOn, restore: string) => string;
  /** What is not known where they cannot be read. */
  readonly unknown: string;
}

async function remarksOn(
  context: Context,
  environment: Environment,
  { way, whats, say, unknown }: Asked,
): Promise<readonly string[]> {
  if (environment.redis === null || environment.namespace === null || environment.untrustedFile !== null) return [];
  try {
    const open = await openPanics(context, environment, shareOf(context.deadline, context.clock));
    const reach = await reachOf(context, environment);
    return stoodOn(open, way, whats).map((each) =>
      addressed(say(each, restoreWords(each.panic, reach)), environment.address),
    );
  } catch (error) {
    if (!(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    await context.note(`whether ${unknown} is not known: ${error.message}`);
    return [];
  }
}
