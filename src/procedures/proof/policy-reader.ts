import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import type { PolicyAnswer, ProbeAnswer, ProbeMethod } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { Clock } from '../../ports/clock.js';
import type { ControlPlane, PolicyResult } from '../../ports/control-plane.js';
import type { Deadline } from '../../ports/deadline.js';
import type { ProofMetrics } from './metric-reader.js';
import type { Randomness } from '../../ports/randomness.js';

/** What a proof needs of the world. */
export interface ProofPorts {
  readonly controlPlane: ControlPlane;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
  /** The limiter's metrics; absent or `null`: none are configured. */
  readonly metrics?: ProofMetrics | null;
}

// Below this a call could not be answered any more.
const leastMs = 50;
const transient = new Set(['API_TIMEOUT', 'API_RESET', 'API_TRUNCATED', 'API_SERVER_ERROR']);

/**
 * Reads policies until the deadline. A read that fails is no exception but a reason not to have proven: it is kept in
 * `failures`, and the endpoint that refused is not asked again.
 */
export class PolicyReader {
  readonly failures = new Set<string>();
  readonly #halted = new Set<string>();
  /** Policy reads and probes that were answered or refused. */
  reads = 0;
  hasAnswered = false;
  /** X-Site-Mode where it is not the configured one. */
  wrongSiteMode: string | null = null;
  #isSiteModeSaid = false;
  /** The longest wait a 429 asked for, seconds; 0: none did. */
  retryAfterSeconds = 0;

  constructor(
    private readonly ports: ProofPorts,
    private readonly siteMode: string | null,
  ) {}

  /** One answer; `null`: there was none, and `failures` says why. */
  async read(
    endpoint: ApiEndpoint,
    route: string,
    bucket: string,
    isFresh: boolean,
    method = 'GET',
  ): Promise<PolicyAnswer | null> {
    const query = { route, method, bucket };
    const result = await this.#attempt(endpoint, (signal) =>
      this.ports.controlPlane.policy(endpoint, query, { signal, isFresh }),
    );
    if (result === null) return null;
    this.#checkSiteMode(result.siteMode);
    if (result.kind === 'refused') {
      this.retryAfterSeconds = Math.max(this.retryAfterSeconds, result.refusal.retryAfterSeconds ?? 0);
      this.#halt(endpoint, `the policy endpoint ${result.refusal.message}`);
      return null;
    }
    this.hasAnswered = true;
    return result.policy;
  }

  /** What X-Site-Mode should say, where every answer came without it; `null`: it came, or may say anything. */
  get siteModeUnsaid(): string | null {
    return this.hasAnswered && !this.#isSiteModeSaid ? this.siteMode : null;
  }

  /** What one real request met, or why there was no answer. */
  async probe(url: string, method: ProbeMethod = 'GET'): Promise<ProbeAnswer | string> {
    if (!this.hasTime()) return 'the deadline was reached';
    this.reads += 1;
    try {
      return await this.ports.controlPlane.probe(url, { signal: this.#signal(), isFresh: true, method });
    } catch (error) {
      if (error instanceof RlctlError) return quoteOutside(error.message, 120);
      throw error;
    }
  }

  /** False once the deadline is reached or the operator interrupted. */
  hasTime(): boolean {
    return this.ports.deadline.leftMs() > leastMs && !this.ports.deadline.interrupted.aborted;
  }

  async #attempt(
    endpoint: ApiEndpoint,
    call: (signal: AbortSignal) => Promise<PolicyResult>,
  ): Promise<PolicyResult | null> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#halted.has(keyOf(endpoint))) return null;
      if (!this.hasTime()) {
        this.failures.add(
          this.ports.deadline.interrupted.aborted
            ? 'interrupted before the proof was complete'
            : 'the deadline was reached before the proof was complete',
        );
        return null;
      }
      this.reads += 1;
      const result = await this.#once(call);
      const code = result instanceof RlctlError ? result.code : result.kind === 'refused' ? result.refusal.code : '';
      if (attempt === 0 && transient.has(code)) continue;
      if (!(result instanceof RlctlError)) return result;
      // At the deadline itself the cut-off read is not the server's fault.
      if (this.hasTime())
        this.#halt(endpoint, `the policy endpoint could not be read: ${quoteOutside(result.message, 160)}`);
    }
  }

  async #once(call: (signal: AbortSignal) => Promise<PolicyResult>): Promise<PolicyResult | RlctlError> {
    try {
      return await call(this.#signal());
    } catch (error) {
      if (error instanceof RlctlError) return error;
      throw error;
    }
  }

  #signal(): AbortSignal {
    return this.ports.deadline.signal(Math.max(leastMs, this.ports.deadline.leftMs() / 2));
  }

  #halt(endpoint: ApiEndpoint, why: string): void {
    this.#halted.add(keyOf(endpoint));
    this.failures.add(why);
  }

  #checkSiteMode(said: string | null): void {
    if (this.siteMode === null || said === null) return;
    this.#isSiteModeSaid = true;
    if (said.trim().toLowerCase() !== this.siteMode.toLowerCase()) this.wrongSiteMode = said;
  }
}

function keyOf({ origin, basePath }: ApiEndpoint): string {
  return `${origin}${basePath}`;
}
