import type { ApiEndpoint } from '../domain/api-endpoint.js';
import type { Refusal } from '../domain/refusal.js';
import type {
  HealthCheck,
  HealthReport,
  PolicyAnswer,
  ProbeAnswer,
  ProbeMethod,
  ReloadReport,
} from '../domain/control-plane.js';
import type { SignedRequest } from '../domain/signing/sign.js';

export type { ApiEndpoint, ProbeAnswer };

export interface PolicyQuery {
  readonly route: string;
  readonly method: string;
  readonly bucket: string;
}

/** What every answer tells beside its body. */
export interface AnswerFacts {
  /** X-Site-Mode; `null`: not sent. */
  readonly siteMode: string | null;
  /** The server's Date header, epoch milliseconds; `null`: absent or unreadable. */
  readonly serverTimeMs: number | null;
}

export type ReloadAnswer = AnswerFacts &
  (
    | { readonly kind: 'accepted'; readonly report: ReloadReport }
    | { readonly kind: 'refused'; readonly refusal: Refusal }
  );

export type PolicyResult = AnswerFacts &
  (
    { readonly kind: 'policy'; readonly policy: PolicyAnswer } | { readonly kind: 'refused'; readonly refusal: Refusal }
  );

export type HealthResult = AnswerFacts &
  (
    | { readonly kind: 'health'; readonly health: HealthReport }
    /** The server has no such check. */
    | { readonly kind: 'absent' }
    | { readonly kind: 'refused'; readonly refusal: Refusal }
  );

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Use a connection of its own and close it after: another request may then reach another worker. */
  readonly isFresh: boolean;
}

/**
 * The control plane's HTTP side. Redirects are never followed. A call that got no answer (refused connection, reset,
 * time-out, TLS, truncation) throws an RlctlError of kind `unreachable`; an answer that is not what was asked for comes
 * back as a `Refusal` with its cause named.
 */
export interface ControlPlane {
  /** Sends a signed reload exactly once. */
  reload(request: SignedRequest, options: CallOptions): Promise<ReloadAnswer>;
  /** Asks for the effective policy. */
  policy(endpoint: ApiEndpoint, query: PolicyQuery, options: CallOptions): Promise<PolicyResult>;
  /** Sends one real request, a GET where no method is named, and reads the rate-limit headers of its answer; any status is one. */
  probe(url: string, options: CallOptions & { readonly method?: ProbeMethod }): Promise<ProbeAnswer>;
  /** Asks an origin how it is: `GET /health/<check>`. The body counts, whatever its HTTP status. */
  health(origin: string, check: HealthCheck, options: CallOptions): Promise<HealthResult>;
  /** Starts connecting to an origin without waiting for it. */
  open(origin: string): void;
  /** Drops every connection at once. */
  close(): void;
}
