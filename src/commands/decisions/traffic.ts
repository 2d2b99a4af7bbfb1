import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { Decisions } from '../../domain/decisions/decisions.js';
import { readDecisions, type DecisionsPorts } from '../../procedures/decisions.js';
import { readTraffic, type TrafficFacts } from '../../procedures/traffic.js';
import { namespaceOf, questionOf } from './question.js';

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
    const waitMs = waitWithin(deadline);
    const source = await context.metricsSource(environment, waitMs);
    const sought = buckets.map(({ name, names }) => ({ name, spellings: names }));
    const input = { namespace: namespaceOf(environment), buckets: sought, workers: environment.workers, waitMs };
    return readTraffic({ source, deadline }, input);
  };
}

/**
 * The figures of the last `sinceMs` where there is a Prometheus, else of the few seconds between two scrapes; opened when
 * they are asked for. `null`: neither a Prometheus nor an address of /metrics is configured.
 */
export function decisionsPort(
  context: Pick<Context, 'metricsSource'>,
  environment: Environment,
  sinceMs: number,
): ((deadline: DecisionsPorts['deadline']) => Promise<Decisions>) | null {
  if (environment.prometheus === null && environment.metrics === null) return null;
  return async (deadline) => {
    const waitMs = waitWithin(deadline);
    const source = await context.metricsSource(environment, waitMs);
    const flags = { buckets: [], sinceMs: source.isScraped ? waitMs : sinceMs, stepMs: null };
    return readDecisions({ source, deadline }, questionOf(environment, flags, null));
  };
}

/** Two scrapes have to lie within the deadline. */
function waitWithin(deadline: DecisionsPorts['deadline']): number {
  return Math.min(longestWaitMs, Math.floor(deadline.leftMs() / 3));
}
