import { withoutAddress } from '../../domain/fleet/instance.js';
import type { Proof } from '../../domain/proof/proof.js';
import type { InstanceReload } from './reload-instance.js';

const mostNamed = 3;

/** `http://a, http://b and 4 more` */
export function namedInstances(all: readonly Pick<InstanceReload, 'instance'>[]): string {
  const names = all.slice(0, mostNamed).map(({ instance }) => instance.name);
  const left = all.length - names.length;
  return left > 0 ? `${names.join(', ')} and ${left} more` : names.join(', ');
}

/** Why an instance is not done, without its own address in front: that is named beside it. */
export function whyFailed({
  instance,
  error,
  proof,
}: Pick<InstanceReload, 'instance' | 'error'> & { readonly proof: Pick<Proof, 'diagnosis'> | null }): string {
  if (error === null) return proof === null ? 'not tried' : proof.diagnosis;
  return withoutAddress(error.message, instance);
}
