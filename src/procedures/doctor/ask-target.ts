import { endpointUrl } from '../../domain/api-endpoint.js';
import type { HealthCheck } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Clock } from '../../ports/clock.js';
import type { ControlPlane, HealthResult, PolicyResult, ProbeAnswer } from '../../ports/control-plane.js';
import type { Deadline } from '../../ports/deadline.js';
import type { Randomness } from '../../ports/randomness.js';

/** An answer, or why none came. */
export type Told<T> = { readonly answer: T } | { readonly error: RlctlError };

/** What one address tells without being changed by the question. */
export interface TargetFacts {
  /** Its origin. */
  readonly target: string;
  /** The answer under the base path that knows the endpoint, else under the last one tried. */
  readonly policy: Told<PolicyResult>;
  readonly basePath: string;
  /** When the policy was asked for and answered, epoch milliseconds by this machine's clock. */
  readonly sentMs: number;
  readonly receivedMs: number;
  /** The same question once more, for the headers of its answer. */
  readonly headers: Told<ProbeAnswer>;
  readonly health: Readonly<Record<HealthCheck, Told<HealthResult>>>;
}

interface AskPorts {
  readonly controlPlane: ControlPlane;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
}

/** Asks one address for a policy, under each base path in turn, and how it is. Only GETs are sent. */
export async function askTarget(ports: AskPorts, target: string, basePaths: readonly string[]): Promise<TargetFacts> {
  const { controlPlane, deadline } = ports;
  const health = (check: HealthCheck): Promise<Told<HealthResult>> =>
    told(controlPlane.health(target, check, { signal: deadline.signal(), isFresh: false }));
  const [policy, live, ready, startup] = await Promise.all([
    askPolicy(ports, target, basePaths),
    health('live'),
    health('ready'),
    health('startup'),
  ]);
  return { target, ...policy, health: { live, ready, startup } };
}

async function askPolicy(ports: AskPorts, target: string, basePaths: readonly string[]) {
  const { controlPlane, clock, deadline, randomness } = ports;
  const query = { route: baseRoute(randomness.hex(6)), method: 'GET', bucket: 'read' };
  const call = { signal: deadline.signal(), isFresh: false };
  for (const [index, basePath] of basePaths.entries()) {
    const sentMs = clock.nowMs();
    const policy = await told(controlPlane.policy({ origin: target, basePath }, query, call));
    const receivedMs = clock.nowMs();
    const isLast = index === basePaths.length - 1;
    if (refusalOf(policy)?.cause === 'wrongPath' && !isLast) continue;
    const url = endpointUrl({ origin: target, basePath }, '/rate-limit/policy');
    url.search = new URLSearchParams(query).toString();
    const headers = await told(controlPlane.probe(url.href, call));
    return { policy, basePath, sentMs, receivedMs, headers };
  }
  throw new TypeError('no base path to ask');
}

/** Why an answer is not the one that was asked for; `null`: it is, or none came. */
export function refusalOf(told: Told<PolicyResult | HealthResult>): Refusal | null {
  return 'answer' in told && told.answer.kind === 'refused' ? told.answer.refusal : null;
}

async function told<T>(asking: Promise<T>): Promise<Told<T>> {
  try {
    return { answer: await asking };
  } catch (error) {
    if (error instanceof RlctlError) return { error };
    throw error;
  }
}
