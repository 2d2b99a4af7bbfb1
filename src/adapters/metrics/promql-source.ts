import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import type { PromqlSource } from '../../ports/promql-source.js';
import type { SecretParts } from '../system/secret.js';
import { createEndpoint } from './endpoint.js';
import { credentialFor } from './open-source.js';
import { readQueryAnswer } from './prometheus-wire.js';
import { refusalOf } from './refusal.js';

/** Opens the environment's Prometheus for queries of any kind. Throws usage/NO_PROMETHEUS where it names none. */
export async function openPromqlSource(
  environment: Environment,
  parts: { readonly secretParts: SecretParts; readonly debug: (line: string) => void },
): Promise<PromqlSource> {
  const { prometheus, prometheusAccess, name } = environment;
  if (prometheus === null) {
    throw usageError(
      `the environment "${name}" names no Prometheus, and PromQL is asked`,
      'Set environments.NAME.prometheus in rlctl.yaml, or RLCTL_PROMETHEUS.',
      'NO_PROMETHEUS',
    );
  }
  const credential = await credentialFor(prometheusAccess, 'Prometheus', environment, parts.secretParts);
  const endpoint = createEndpoint({ url: prometheus, setting: 'prometheus', credential, debug: parts.debug });
  const place = `Prometheus at ${endpoint.url.origin}${endpoint.url.pathname.replace(/\/+$/, '')}`;
  return {
    name: place,
    numbers: async (query, deadline) => {
      const answer = await endpoint.ask('/api/v1/query', new URLSearchParams({ query }), deadline.signal());
      const refusal = refusalOf(answer, endpoint.url, 'prometheus', (type) => /^application\/json\b/i.test(type));
      if (refusal !== null) throw refusal;
      return readQueryAnswer(answer.body, place).series.flatMap(({ samples }) => samples.map(({ value }) => value));
    },
    close: () => endpoint.close(),
  };
}
