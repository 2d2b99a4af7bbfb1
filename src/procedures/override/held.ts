import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import type { PolicyAnswer } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { ChangePorts } from './change.js';

/** What a server holds now, whatever is stored. */
export interface Held {
  /** The prefixes that it lists; `null`: it lists none, or did not answer. */
  readonly prefixes: readonly string[] | null;
  /** How many its processes say that they hold, at most; `null`: nothing says it. */
  readonly count: number | null;
  /** What is in force for a route through an override; `null`: none shows, or nothing answers. Absent: it is not asked. */
  readonly inForce?: (route: string) => Promise<PolicyAnswer | null>;
}

/** Where it is asked. */
export interface HeldQuestion {
  readonly targets: readonly string[];
  /** Tried in order; the next one where there is no answer. */
  readonly basePaths: readonly string[];
  /** The bucket that guards a route; `null`: none is configured for it. */
  readonly bucketOf: (route: string) => string | null;
}

/** What the servers hold, by their own list or else by their metrics. Only reads, and never throws for what they do. */
export async function heldNow(ports: ChangePorts, question: HeldQuestion): Promise<Held> {
  const found = await answering(ports, question);
  const inForce = overridden(ports, question, found?.endpoint ?? null);
  const prefixes = found?.policy.activeOverrides ?? null;
  if (prefixes !== null) return { prefixes, count: prefixes.length, inForce };
  const seen = (await ports.metrics?.read({ sinceMs: null, reload: null })) ?? null;
  const counts = (seen?.instances ?? []).flatMap(({ activeOverrides }) => activeOverrides.at(-1)?.value ?? []);
  return { prefixes: null, count: counts.length === 0 ? null : Math.max(...counts), inForce };
}

/** The first address that answers, with what it says of a route without an override. */
async function answering(
  ports: ChangePorts,
  { targets, basePaths }: HeldQuestion,
): Promise<{ readonly endpoint: ApiEndpoint; readonly policy: PolicyAnswer } | null> {
  const route = baseRoute(ports.randomness.hex(6));
  for (const origin of targets) {
    for (const basePath of basePaths) {
      const endpoint = { origin, basePath };
      const policy = await ask(ports, endpoint, route, usualBucket);
      if (policy === 'silent') break;
      if (policy !== null) return { endpoint, policy };
    }
  }
  return null;
}

/** A server that does not name the override shows it by numbers that are not its bucket's own. */
function overridden(
  ports: ChangePorts,
  { bucketOf }: HeldQuestion,
  endpoint: ApiEndpoint | null,
): NonNullable<Held['inForce']> {
  const bases = new Map<string, Promise<PolicyAnswer | null | 'silent'>>();
  return async (route) => {
    if (endpoint === null) return null;
    const bucket = bucketOf(route) ?? usualBucket;
    const policy = await ask(ports, endpoint, route, bucket);
    if (policy === null || policy === 'silent') return null;
    if (policy.matchedOverride !== undefined) return policy.matchedOverride === null ? null : policy;
    const asked = bases.get(bucket) ?? ask(ports, endpoint, baseRoute(ports.randomness.hex(6)), bucket);
    bases.set(bucket, asked);
    const base = await asked;
    if (base === null || base === 'silent') return null;
    const isOwn = (['ratePerMin', 'burst', 'windowSeconds'] as const).every((name) => policy[name] === base[name]);
    return isOwn ? null : policy;
  };
}

const usualBucket = 'read';

/** `null`: not asked rightly there; `silent`: nothing answers. */
async function ask(
  { controlPlane, deadline }: ChangePorts,
  endpoint: ApiEndpoint,
  route: string,
  bucket: string,
): Promise<PolicyAnswer | null | 'silent'> {
  try {
    const signal = deadline.signal(Math.max(500, deadline.leftMs() / 4));
    const answer = await controlPlane.policy(endpoint, { route, method: 'GET', bucket }, { signal, isFresh: false });
    return answer.kind === 'policy' ? answer.policy : null;
  } catch (error) {
    if (error instanceof RlctlError) return 'silent';
    throw error;
  }
}
