import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import { latestFlips, type KnownFlip } from '../../domain/shadow/flip-log.js';
import { variableIn } from '../../procedures/shadow/env-file-driver.js';
import { textIn } from '../panic/flag-texts.js';
import { wantedFlags } from '../shadow/flips.js';
import { knownFlips } from '../shadow/known-flips.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';

/**
 * How the flags stand that were set past the document, as far as is known. What the file itself does not say any more is
 * left out: somebody changed it by hand, and the first change within the incident tells better how it was.
 */
export async function knownAtStart(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
): Promise<readonly KnownFlip[]> {
  const flips = latestFlips(await knownFlips(context, environment, ports));
  const { place, envFile } = await wantedFlags(context, environment);
  const text = envFile === null ? null : await textIn(context, envFile);
  if (text === null) return flips;
  return flips.filter((flip) => flip.place !== place || isStandingIn(text, flip, environment));
}

/** Only the text `true` is true. A line that cannot be read tells nothing else. */
function isStandingIn(text: string, { bucket, isOn }: KnownFlip, environment: Environment): boolean {
  try {
    const variable = variableIn(text, bucketNamed(environment, bucket));
    return (findAssignment(text, variable)?.value === 'true') === isOn;
  } catch (error) {
    if (error instanceof RlctlError) return true;
    throw error;
  }
}
