import type { Environment, SourceAccess } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import type { SourceCredential } from '../../domain/source-credential.js';
import type { Clock } from '../../ports/clock.js';
import type { MetricsSource } from '../../ports/metrics-source.js';
import type { SecretParts } from '../system/secret.js';

export interface SourceParts {
  readonly clock: Clock;
  /** The time between the two scrapes of a first reading, milliseconds. */
  readonly waitMs: number;
  readonly secretParts: SecretParts;
  readonly debug: (line: string) => void;
}

/** Opens what the environment names: Prometheus before /metrics. Throws usage/NO_METRICS where it names neither. */
export async function openMetricsSource(environment: Environment, parts: SourceParts): Promise<MetricsSource> {
  const { prometheus, prometheusAccess, metrics, metricsAccess, workers } = environment;
  const { clock, waitMs, debug, secretParts } = parts;
  const credentialOf = (access: SourceAccess, what: string): Promise<SourceCredential | null> =>
    credentialFor(access, what, environment, secretParts);
  if (prometheus !== null) {
    const [credential, { createPrometheusSource }] = await Promise.all([
      credentialOf(prometheusAccess, 'Prometheus'),
      import('./prometheus-source.js'),
    ]);
    return createPrometheusSource({ url: prometheus, credential, labels: prometheusAccess.labels, debug });
  }
  if (metrics !== null) {
    const [credential, { createScrapeSource }] = await Promise.all([
      credentialOf(metricsAccess, '/metrics'),
      import('./scrape-source.js'),
    ]);
    return createScrapeSource({ url: metrics, credential, clock, waitMs, workers, debug });
  }
  throw usageError(
    `the environment "${environment.name}" names neither a Prometheus nor an address of /metrics`,
    'Set environments.NAME.prometheus in rlctl.yaml, or RLCTL_PROMETHEUS; or metrics, or RLCTL_METRICS.',
    'NO_METRICS',
  );
}

/** What an address asks for, got from where the configuration says; `null`: it asks for nothing. */
export async function credentialFor(
  { auth }: SourceAccess,
  what: string,
  environment: Environment,
  secretParts: SecretParts,
): Promise<SourceCredential | null> {
  if (auth === null) return null;
  const { readCredential } = await import('../system/secret.js');
  const secret = auth.kind === 'bearer' ? 'token' : 'password';
  return readCredential(auth, `the ${secret} of ${what}`, environment, secretParts);
}
