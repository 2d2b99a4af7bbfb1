import { effectivePolicy, matchOverride } from '../domain/policy/matching.js';
import type { Behaviour, BucketRole } from './behaviour.js';
import type { CellVerdict } from './gcra-script.js';
import { basePolicy, type Worker } from './worker-state.js';

/** One request as the limiter sees it. */
export interface LimitedCall {
  readonly route: string;
  readonly role: BucketRole;
  /** `user:<id>` or `ip:<address>`. */
  readonly identity: string;
}

/** What the limiter decided about one request. */
export interface Decision {
  readonly bucket: string;
  readonly isShadow: boolean;
  /** Past its limit; under shadow it passes all the same. */
  readonly isOverLimit: boolean;
  /** Requests at once: burst + 1. */
  readonly limit: number;
  readonly remaining: number;
  /** When nothing of the limit will be used any more, epoch seconds. */
  readonly resetAt: number;
  readonly retryAfterSeconds: number;
}

/** Milliseconds between requests. A rate over 60000 makes it 0, and so does a rate that allows nothing: both block. */
function emissionIntervalOf(ratePerMin: number): number {
  return ratePerMin > 0 ? Math.floor(60_000 / ratePerMin) : 0;
}

/** Decides one request. `null`: the limiter does not limit it, because it is off or because Redis failed (it fails open). */
export async function decide(worker: Worker, behaviour: Behaviour, call: LimitedCall): Promise<Decision | null> {
  const { switches, metrics } = worker;
  const bucket = behaviour.buckets.find(({ role }) => role === call.role);
  if (!switches.isEnabled || bucket === undefined) return null;
  const override = behaviour.enforcesOverrides ? matchOverride(worker.overrides, call.route) : null;
  const { ratePerMin, burst, isShadow } = effectivePolicy(basePolicy(switches, bucket), override);
  const cell = `${switches.namespace}:${bucket.name}:${call.identity}`;
  const verdict = await evaluate(worker, bucket.name, cell, emissionIntervalOf(ratePerMin), burst);
  if (verdict === null) return null;
  const isOverLimit = !verdict.isAllowed;
  const action = isOverLimit ? (isShadow ? 'shadowBlock' : 'block') : 'allow';
  metrics.decided(bucket.name, action, isShadow, verdict.retryAfterMs);
  return {
    bucket: bucket.name,
    isShadow,
    isOverLimit,
    limit: burst + 1,
    remaining: verdict.remaining,
    resetAt: Math.ceil(verdict.theoreticalArrivalTimeMs / 1000),
    retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000),
  };
}

async function evaluate(
  worker: Worker,
  bucket: string,
  cell: string,
  intervalMs: number,
  burst: number,
): Promise<CellVerdict | null> {
  const startedMs = performance.now();
  try {
    return await worker.redis.decide(cell, intervalMs, burst);
  } catch {
    worker.metrics.evalErrors.add({ bucket });
    return null;
  } finally {
    worker.metrics.evalDuration.observe({ bucket }, (performance.now() - startedMs) / 1000);
  }
}

/** The answer's rate headers, as this server sends them. */
export function rateHeaders(decision: Decision, behaviour: Behaviour): Record<string, string> {
  const isRefused = decision.isOverLimit && !decision.isShadow;
  const tellsRetry = decision.isOverLimit || (decision.isShadow && behaviour.alwaysRetryAfterInShadow);
  const retry = tellsRetry ? { 'Retry-After': String(decision.retryAfterSeconds) } : {};
  if (isRefused && !behaviour.hasRateHeadersOn429) return retry;
  return {
    'X-RateLimit-Policy': decision.bucket,
    'X-RateLimit-Shadow': String(decision.isShadow),
    'X-RateLimit-Limit': String(decision.limit),
    'X-RateLimit-Remaining': String(decision.remaining),
    'X-RateLimit-Reset': String(decision.resetAt),
    ...retry,
  };
}
