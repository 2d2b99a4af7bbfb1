import type { IncomingMessage } from 'node:http';
import type { Policy } from '../domain/control-plane.js';
import { effectivePolicy, matchOverride } from '../domain/policy/matching.js';
import { failure, json, type Answer } from './answer.js';
import type { Behaviour, BucketSpec } from './behaviour.js';
import { checkSignature } from './reload-signature.js';
import { guardOf } from './routing.js';
import { basePolicy, isBucketShadow, type Worker } from './worker-state.js';

/** What the control endpoints know beside the worker. */
export interface ControlSetup {
  readonly behaviour: Behaviour;
  readonly secret: string;
}

/** POST {base}/config/reload: checks who asks, reads the configuration again and says what is in force now. */
export async function reload(
  setup: ControlSetup,
  worker: Worker,
  request: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const refusal = refuse(setup, request, body);
  if (refusal !== null) return refusal;
  await worker.reload();
  return listing(setup.behaviour, worker, 'overrides', effectiveConfiguration(worker, setup.behaviour));
}

function refuse({ behaviour, secret }: ControlSetup, request: IncomingMessage, body: Buffer): Answer | null {
  if (!hasRequiredOrigin(behaviour, request.headers.origin)) {
    const fields = { detail: 'Origin not allowed', code: 'CSRF_ORIGIN_MISMATCH' };
    return failure(behaviour, 403, fields);
  }
  if (!behaviour.hasSecret) return failure(behaviour, 403, { detail: 'reload disabled' });
  const nowSeconds = Date.now() / 1000 + behaviour.clockOffsetSeconds;
  const verdict = checkSignature(behaviour.signing, secret, { headers: request.headers, body, nowSeconds });
  if (verdict === 'invalid') return failure(behaviour, 403, { detail: 'invalid signature' });
  if (verdict === 'stale') return failure(behaviour, 403, { detail: 'timestamp outside the tolerated 300 seconds' });
  if (behaviour.signing === 'documented' && !asksForReload(body)) {
    return failure(behaviour, 422, { detail: 'the body must be {"action": "reload"}' });
  }
  return null;
}

function hasRequiredOrigin({ requireOrigin }: Behaviour, given: string | undefined): boolean {
  if (requireOrigin === null) return true;
  return given !== undefined && URL.canParse(given) && new URL(given).host === new URL(requireOrigin).host;
}

function asksForReload(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && 'action' in value && value.action === 'reload';
  } catch {
    return false;
  }
}

function effectiveConfiguration(worker: Worker, behaviour: Behaviour): Readonly<Record<string, unknown>> {
  const { switches, overrides } = worker;
  return {
    ok: true,
    enabled: switches.isEnabled,
    shadow: switches.isShadow,
    bucket_shadows: Object.fromEntries(
      behaviour.buckets.map((bucket) => [bucket.name, isBucketShadow(switches, bucket)]),
    ),
    policy_overrides_count: overrides.objectCount,
  };
}

/** GET {base}/rate-limit/policy: the policy that this worker holds for a route. It shows overrides, enforced or not. */
export function policy({ behaviour }: ControlSetup, worker: Worker, query: URLSearchParams): Answer {
  const route = query.get('route') ?? '';
  const name = query.get('bucket') ?? '';
  const bucket =
    name === '' ? defaultBucket(behaviour, query.get('method') ?? 'GET', route) : bucketNamed(behaviour, name);
  if (bucket === undefined && behaviour.mapsRoutesToBuckets) {
    const detail = name === '' ? `no bucket guards ${route}` : `unknown bucket ${name}`;
    return failure(behaviour, 422, { detail });
  }
  const override = matchOverride(worker.overrides, route);
  // A bucket that does not exist gets an invented policy and no error, as deployed.
  const base = bucket === undefined ? invented(worker.switches.isShadow) : basePolicy(worker.switches, bucket);
  const effective = effectivePolicy(base, override);
  return listing(behaviour, worker, 'active_overrides', {
    bucket: bucket?.name ?? name,
    rate_per_min: effective.ratePerMin,
    burst: effective.burst,
    window_s: effective.windowSeconds,
    shadow: effective.isShadow,
    ...(behaviour.listsOverrides ? { matched_override: override?.prefix ?? null } : {}),
  });
}

function defaultBucket(behaviour: Behaviour, method: string, route: string): BucketSpec | undefined {
  if (!behaviour.mapsRoutesToBuckets) return bucketNamed(behaviour, 'read');
  const guard = guardOf(method.toUpperCase(), route);
  return behaviour.buckets.find(({ role }) => role !== null && role === guard);
}

function bucketNamed(behaviour: Behaviour, name: string): BucketSpec | undefined {
  return behaviour.buckets.find((bucket) => bucket.name === name);
}

function invented(isShadow: boolean): Policy {
  return { ratePerMin: 60, burst: 0, windowSeconds: 60, isShadow };
}

/** An answer that ends with the list of prefixes under this name, where the server lists them. */
function listing(
  { listsOverrides }: Behaviour,
  { prefixList }: Worker,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): Answer {
  const answer = json(200, fields);
  return listsOverrides ? { ...answer, body: `${answer.body.slice(0, -1)},"${name}":${prefixList}}` } : answer;
}
