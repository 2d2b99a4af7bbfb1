import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { DecisionsPorts } from '../../procedures/decisions.js';
import { readTraffic, type TrafficFacts } from '../../procedures/traffic.js';
import { namespaceOf } from './question.js';

// What one screen about an environment shows of its traffic; the rest stands in `decisions show`.

const longestWaitMs = 2000;

/**
 * Where the block shares of an environment come from, opened when they are asked for, so that what is wrong with it is the
 * answer to that question alone. `null`: neither a Prometheus nor an address of /metrics is configured.
 */
export function trafficPort(
  context: Pick<Context, 'metricsSource'>,
  environment: Environment,
  buckets: readonly { readonly name: string; readonly names: readonly string[] }[],
): ((deadline: DecisionsPorts['deadline']) => Promise<TrafficFacts>) | null {
  if (environment.prometheus === null && environment.metrics === null) return null;
  return async (deadline) => {
    // Two scrapes have to lie within the deadline.
    const waitMs = Math.min(longestWaitMs, Math.floor(deadline.leftMs() / 3));
    const source = await context.metricsSource(environment, waitMs);
    const sought = buckets.map(({ name, names }) => ({ name, spellings: names }));
    const input = { namespace: namespaceOf(environment), buckets: sought, workers: environment.workers, waitMs };
    return readTraffic({ source, deadline }, input);
  };
}
