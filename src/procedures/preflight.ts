import { parseOrigin, type ApiEndpoint } from '../domain/api-endpoint.js';
import { RlctlError } from '../domain/errors.js';
import { refusalError } from '../domain/refusal.js';
import type { PolicyResult } from '../ports/control-plane.js';
import type { EffectPorts } from './effect.js';
import { inParallel } from './reload/in-parallel.js';
import { siteModeError, type ReloadInput } from './reload/walk.js';

/** What a harmless read told about one target before anything is written or signed. */
type Seen = { readonly endpoint: ApiEndpoint } | { readonly error: RlctlError };

/**
 * Asks every target for a policy before anything is written, so that an API that is down, in the way of a proxy, behind
 * another path or of another environment is noticed while nothing has been touched; every instance, where there are
 * several. Resolves to the reload with the base
 * path that answered first, so that no signed request goes to a wrong one. Throws a guard where any target says that it
 * is another environment and, with `isRequired`, the first target's cause where none answers.
 */
export async function preflight(
  ports: Pick<EffectPorts, 'controlPlane' | 'deadline' | 'fleet'>,
  input: ReloadInput,
  route: string,
  { isRequired }: { readonly isRequired: boolean },
): Promise<ReloadInput> {
  if (ports.fleet) return ports.fleet.preflight(input);
  const seen = await inParallel(input.targets, 8, (target) => askTarget(ports, input, target, route));
  const errors = seen.flatMap((each) => ('error' in each ? [each.error] : []));
  const guard = errors.find(({ kind }) => kind === 'guard');
  const [first] = errors;
  if (guard) throw guard;
  if (isRequired && first && errors.length === seen.length) throw first;
  const worked = [...new Set(seen.flatMap((each) => ('endpoint' in each ? [each.endpoint.basePath] : [])))];
  return { ...input, basePaths: [...worked, ...input.basePaths.filter((path) => !worked.includes(path))] };
}

async function askTarget(
  ports: Pick<EffectPorts, 'controlPlane' | 'deadline'>,
  input: ReloadInput,
  target: string,
  route: string,
): Promise<Seen> {
  try {
    const origin = parseOrigin(target);
    let last: PolicyResult | null = null;
    for (const basePath of input.basePaths) {
      const endpoint = { origin, basePath };
      const query = { route, method: 'GET', bucket: 'read' };
      last = await ports.controlPlane.policy(endpoint, query, { signal: ports.deadline.signal(), isFresh: false });
      const guard = siteModeError(input, target, last);
      if (guard !== null) return { error: guard };
      if (last.kind === 'policy') return { endpoint };
      if (last.refusal.cause !== 'wrongPath') break;
    }
    if (last?.kind !== 'refused') throw new TypeError('a target was asked on no base path');
    return { error: refusalError(last.refusal, `${target} was asked for a policy before anything was written`) };
  } catch (error) {
    if (error instanceof RlctlError) return { error };
    throw error;
  }
}
