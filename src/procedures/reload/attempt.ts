import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import { RlctlError } from '../../domain/errors.js';
import { refusalError, type Refusal } from '../../domain/refusal.js';
import type { Secret } from '../../domain/secret.js';
import type { SigningProfile } from '../../domain/signing/profile.js';
import { signReload } from '../../domain/signing/sign.js';
import type { Clock } from '../../ports/clock.js';
import type { ControlPlane, ReloadAnswer } from '../../ports/control-plane.js';
import type { Deadline } from '../../ports/deadline.js';
import type { Randomness } from '../../ports/randomness.js';
import type { TargetReload } from './send.js';

/** What sending a reload needs of the world. */
export interface ReloadPorts {
  readonly controlPlane: ControlPlane;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
  /** Told what every target came to; absent: nobody listens. */
  readonly hear?: (reloads: readonly TargetReload[]) => Promise<void>;
}

/** How the requests are signed and sent. */
export interface ReloadSigning {
  readonly secret: Secret;
  /** The Origin header; `null`: none is sent. */
  readonly origin: string | null;
  /** True: a connection of its own for each request, so that it may reach another worker. */
  readonly isFresh: boolean;
}

/** What one target has cost so far, and may still: shared by everything that is sent to it. */
export interface Budget {
  attempts: number;
  retriesLeft: number;
  waitsLeft: number;
  /** True as soon as one request got no answer, or a 5xx: it may have been applied all the same. */
  isMaybeApplied: boolean;
}

/** A request that was answered, or the error that says why it was not. */
export type Outcome = { readonly answer: ReloadAnswer } | { readonly error: RlctlError };

const retryable = new Set(['API_TIMEOUT', 'API_RESET', 'API_TRUNCATED']);
const firstBackoffMs = 250;
// Left over after a wait, so that the request that follows it still has time for its answer.
const answerMs = 500;

/**
 * Sends one reload, signed anew each time: again after a time-out, a reset or a 5xx, with jittered pauses, and after a
 * 429 when the wait it asks for fits into the deadline. Never throws for what the network or the server did.
 */
export async function attemptReload(
  ports: ReloadPorts,
  signing: ReloadSigning,
  profile: SigningProfile,
  endpoint: ApiEndpoint,
  budget: Budget,
): Promise<Outcome> {
  for (;;) {
    const outcome = await sendOnce(ports, signing, profile, endpoint);
    budget.attempts += 1;
    budget.isMaybeApplied ||= isRetryable(outcome);
    const pauseMs = pauseBefore(ports, outcome, budget);
    if (pauseMs === null || !(await pause(ports, pauseMs))) return outcome;
  }
}

async function sendOnce(
  { controlPlane, clock, randomness, deadline }: ReloadPorts,
  { secret, origin, isFresh }: ReloadSigning,
  profile: SigningProfile,
  endpoint: ApiEndpoint,
): Promise<Outcome> {
  try {
    const nonce = `msg_${randomness.hex(12)}`;
    const request = signReload(profile, secret, { endpoint, origin, nowSeconds: clock.nowMs() / 1000, nonce });
    // Half of what is left: a silent server must leave time for another try.
    const signal = deadline.signal(Math.max(answerMs, deadline.leftMs() / 2));
    return { answer: await controlPlane.reload(request, { signal, isFresh }) };
  } catch (error) {
    if (error instanceof RlctlError) return { error };
    throw error;
  }
}

/** How long to wait before the next try, milliseconds; `null`: there is none. */
function pauseBefore(ports: ReloadPorts, outcome: Outcome, budget: Budget): number | null {
  const refusal = refusalOf(outcome);
  if (refusal?.cause === 'generalLimiter') return waitFor(refusal, budget);
  if (!isRetryable(outcome) || budget.retriesLeft === 0) return null;
  budget.retriesLeft -= 1;
  const spread = firstBackoffMs * 2 ** (1 - budget.retriesLeft);
  return spread * (0.5 + ports.randomness.fraction());
}

/** A time-out, a reset or a 5xx: the reload may have happened all the same, and happening twice does no harm. */
function isRetryable(outcome: Outcome): boolean {
  return 'error' in outcome ? retryable.has(outcome.error.code) : refusalOf(outcome)?.cause === 'serverError';
}

function waitFor({ retryAfterSeconds }: Refusal, budget: Budget): number | null {
  if (budget.waitsLeft === 0) return null;
  budget.waitsLeft -= 1;
  return Math.max(firstBackoffMs, (retryAfterSeconds ?? 1) * 1000);
}

/** False where the pause does not fit into the deadline, or the operator interrupted it. */
async function pause({ clock, deadline }: ReloadPorts, pauseMs: number): Promise<boolean> {
  if (deadline.leftMs() < pauseMs + answerMs || deadline.interrupted.aborted) return false;
  try {
    await clock.sleep(pauseMs, deadline.interrupted);
    return true;
  } catch {
    return false;
  }
}

/** The refusal an outcome carries; `null`: it was accepted, or not answered. */
export function refusalOf(outcome: Outcome): Refusal | null {
  return 'answer' in outcome && outcome.answer.kind === 'refused' ? outcome.answer.refusal : null;
}

/** What an unaccepted outcome means for the target; `null`: it was accepted. */
export function errorOf(outcome: Outcome, target: string): RlctlError | null {
  if ('error' in outcome) return outcome.error;
  return outcome.answer.kind === 'refused' ? refusalError(outcome.answer.refusal, target) : null;
}
