import { parseOrigin, type ApiEndpoint } from '../../domain/api-endpoint.js';
import { RlctlError } from '../../domain/errors.js';
import { refusalError } from '../../domain/refusal.js';
import type { PolicyResult } from '../../ports/control-plane.js';
import type { ProofPorts } from '../proof/policy-reader.js';
import { inParallel } from '../reload/in-parallel.js';
import { siteModeError } from '../reload/walk.js';

/** Where the policy endpoints stand. */
export interface FoundEndpoints {
  readonly endpoints: readonly ApiEndpoint[];
  /** One for each target that did not answer as a control plane. */
  readonly errors: readonly RlctlError[];
  /** A server that says it is another environment; `null`: none does. */
  readonly wrongSiteMode: RlctlError | null;
}

export interface EndpointQuestion {
  readonly targets: readonly string[];
  /** Tried in order; the next one on a 404 only. */
  readonly basePaths: readonly string[];
  readonly siteMode: string | null;
}

type Asked = { readonly endpoint: ApiEndpoint; readonly guard: RlctlError | null } | { readonly error: RlctlError };

/** Finds the base path of every target by a harmless read. Throws the first target's cause where none answers. */
export async function findEndpoints(
  ports: Pick<ProofPorts, 'controlPlane' | 'deadline'>,
  input: EndpointQuestion,
): Promise<FoundEndpoints> {
  const asked = await inParallel(input.targets, 8, (target) => ask(ports, input, target));
  const endpoints = asked.flatMap((each) => ('endpoint' in each ? [each.endpoint] : []));
  const errors = asked.flatMap((each) => ('error' in each ? [each.error] : []));
  const [first] = errors;
  if (endpoints.length === 0 && first !== undefined) throw first;
  const guards = asked.flatMap((each) => ('guard' in each && each.guard !== null ? [each.guard] : []));
  return { endpoints, errors, wrongSiteMode: guards[0] ?? null };
}

async function ask(
  { controlPlane, deadline }: Pick<ProofPorts, 'controlPlane' | 'deadline'>,
  input: EndpointQuestion,
  target: string,
): Promise<Asked> {
  try {
    const origin = parseOrigin(target);
    let last: PolicyResult | null = null;
    for (const basePath of input.basePaths) {
      const endpoint = { origin, basePath };
      const query = { route: '/', method: 'GET', bucket: 'read' };
      const signal = deadline.signal(Math.max(500, deadline.leftMs() / 2));
      last = await controlPlane.policy(endpoint, query, { signal, isFresh: false });
      if (last.kind === 'policy') return { endpoint, guard: siteModeError(input, target, last) };
      if (last.refusal.cause !== 'wrongPath') break;
    }
    if (last?.kind !== 'refused') throw new TypeError('a target was asked on no base path');
    return { error: refusalError(last.refusal, `${target} was asked for a policy`) };
  } catch (error) {
    if (error instanceof RlctlError) return { error };
    throw error;
  }
}
