import type { Environment } from '../../domain/config/environment.js';
import type { MetricsInspector } from '../../ports/metrics-inspector.js';
import { createEndpoint } from './endpoint.js';
import { credentialFor, type SourceParts } from './open-source.js';
import { createPageInspector } from './page-inspector.js';
import { createPrometheusInspector } from './prometheus-inspector.js';

/**
 * Opens what the environment names for a look: Prometheus before /metrics; `null`: it names neither. Throws what getting
 * its secret throws.
 */
export async function openMetricsInspector(
  environment: Environment,
  { secretParts, debug }: Pick<SourceParts, 'secretParts' | 'debug'>,
): Promise<MetricsInspector | null> {
  const { prometheus, prometheusAccess, metrics, metricsAccess } = environment;
  if (prometheus !== null) {
    const credential = await credentialFor(prometheusAccess, 'Prometheus', environment, secretParts);
    const endpoint = createEndpoint({ url: prometheus, setting: 'prometheus', credential, debug });
    return createPrometheusInspector(endpoint, prometheusAccess.labels);
  }
  if (metrics === null) return null;
  const credential = await credentialFor(metricsAccess, '/metrics', environment, secretParts);
  return createPageInspector(createEndpoint({ url: metrics, setting: 'metrics', credential, debug }));
}
