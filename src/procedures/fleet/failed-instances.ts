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
  const { origin, name, address } = instance;
  const { host, hostname, protocol, port } = new URL(origin);
  const usual = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  const own = [name, origin, address ?? '', host, `${hostname}:${usual}`];
  const prefix = own
    .flatMap((each) => (each === '' ? [] : [`${each}: `, `${each} `]))
    .find((each) => error.message.startsWith(each));
  return prefix === undefined ? error.message : error.message.slice(prefix.length);
}
