import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { lineIn } from '../../domain/panic/present.js';
import { isSetHere, madeFlips, mergedFlips, type KnownFlip } from '../../domain/shadow/flip-log.js';
import { flipLog, type FlipLogPorts } from '../../procedures/shadow/flip-log.js';
import { textIn } from '../panic/flag-texts.js';
import { flagFlips, flagsHere, wantedFlags } from './flips.js';

/**
 * What is known of flags here and elsewhere, oldest first; without what was to be set in this machine's file and was not, because
 * whoever was about to was killed. Throws what the store throws.
 */
export async function knownFlips(
  context: Context,
  environment: Environment,
  ports: FlipLogPorts,
): Promise<readonly KnownFlip[]> {
  const flips = mergedFlips(await flagFlips(context, environment), await flipLog(ports));
  if (!flips.some(({ isBegun }) => isBegun)) return flips;
  const [{ envFile }, here] = await Promise.all([wantedFlags(context, environment), flagsHere(context, environment)]);
  const file = envFile === null ? null : await textIn(context, envFile);
  return madeFlips(flips, (flip) =>
    file !== null && flip.text !== undefined && isSetHere(flip, here) ? lineIn(file, flip.text.variable) : undefined,
  );
}
