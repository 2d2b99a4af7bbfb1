import { RlctlError } from '../../domain/errors.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { Policy } from '../../domain/control-plane.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { matchOverride, type LoadedOverrides } from '../../domain/policy/matching.js';
import type { Deadline } from '../../ports/deadline.js';
import type { EffectPorts } from '../effect.js';
import { askFlags } from '../shadow/ask-flags.js';

/** A bucket's own policy as a server says it; `null`: it does not answer, does not tell, or an override hides it. */
export type BaseOf = (bucket: BucketNames, stored: LoadedOverrides) => Promise<Policy | null>;

type BasePorts = Pick<EffectPorts, 'controlPlane' | 'randomness' | 'deadline'>;

/** A guard is worth a question, and not the time that the change itself needs. */
const patienceMs = 2000;

/** Asks the first address for buckets' own policies, each once; changes nothing, and fails never but for an interrupt. */
export function basePolicies(
  { controlPlane, randomness, deadline }: BasePorts,
  { target, basePaths }: { readonly target: string | null; readonly basePaths: readonly string[] },
): BaseOf {
  const route = baseRoute(randomness.hex(6));
  const asked = new Map<string, Promise<Policy | null>>();
  const ports = { controlPlane, deadline: shortened(deadline) };
  const ask = async (bucket: BucketNames): Promise<Policy | null> => {
    if (target === null) return null;
    try {
      const { flags } = await askFlags(ports, { target, basePaths, buckets: [bucket], route });
      const policy = flags[0]?.policy ?? null;
      return policy?.matchedOverride ? null : policy;
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
      return null;
    }
  };
  return async (bucket, stored) => {
    const known = asked.get(bucket.name) ?? ask(bucket);
    asked.set(bucket.name, known);
    return matchOverride(stored, route) === null ? known : null;
  };
}

function shortened(deadline: Deadline): Deadline {
  return { ...deadline, signal: (atMostMs = patienceMs) => deadline.signal(Math.min(atMostMs, patienceMs)) };
}
