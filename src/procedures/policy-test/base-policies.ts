import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import type { Policy } from '../../domain/control-plane.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { OverrideIndex } from '../../domain/policy/prefix-index.js';
import { PolicyReader, type ProofPorts } from '../proof/policy-reader.js';
import { inParallel } from '../reload/in-parallel.js';

/**
 * The buckets' own policies as the servers state them, by name: what holds for a route that none of these overrides
 * matches. A bucket is missing where every route meets an override, or no server answered for it.
 */
export async function readBases(
  ports: ProofPorts,
  endpoints: readonly ApiEndpoint[],
  buckets: readonly string[],
  overrides: readonly OverrideIndex[],
): Promise<ReadonlyMap<string, Policy>> {
  const route = baseRoute(ports.randomness.hex(6));
  if (overrides.some((each) => each.winnerOf(route) !== null)) return new Map();
  const bases = await inParallel(buckets, 8, async (bucket) => readBase(ports, endpoints, bucket, route));
  return new Map(
    buckets.flatMap((bucket, index) => {
      const base = bases[index];
      return base == null ? [] : [[bucket, base] as const];
    }),
  );
}

async function readBase(
  ports: ProofPorts,
  endpoints: readonly ApiEndpoint[],
  bucket: string,
  route: string,
): Promise<Policy | null> {
  for (const endpoint of endpoints) {
    const answer = await new PolicyReader(ports, null).read(endpoint, route, bucket, false);
    // An override that matches even here is none of ours, and another bucket's policy is not the one asked for.
    if (answer === null || answer.bucket !== bucket || (answer.matchedOverride ?? null) !== null) continue;
    const { ratePerMin, burst, windowSeconds, isShadow } = answer;
    return { ratePerMin, burst, windowSeconds, isShadow };
  }
  return null;
}
