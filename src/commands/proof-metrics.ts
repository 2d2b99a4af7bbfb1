import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { createProofMetrics, type ProofMetrics } from '../procedures/proof/metric-reader.js';

/** A change is not to wait for its metrics. */
const briefMs = 500;

/**
 * The metrics of an environment as a proof reads them, opened when they are read. `null`: neither a Prometheus nor an
 * address of /metrics is configured, or no namespace by which they are named.
 */
export function metricsPort(
  context: Context,
  environment: Environment,
  { patienceMs = briefMs }: { readonly patienceMs?: number } = {},
): ProofMetrics | null {
  const { prometheus, metrics, namespace } = environment;
  if ((prometheus === null && metrics === null) || namespace === null) return null;
  return createProofMetrics({
    clock: context.clock,
    deadline: context.deadline,
    namespace,
    setting: prometheus === null ? 'metrics' : 'prometheus',
    isScraped: prometheus === null,
    patienceMs,
    open: () => context.metricsSource(environment, 0),
  });
}
