/** What the server says is in force after a reload, in the tool's own terms. */
export interface ReloadReport {
  readonly isOk: boolean;
  readonly isEnabled: boolean | null;
  /** The global shadow switch. */
  readonly isShadow: boolean | null;
  /** Per-bucket shadow by the server's own bucket names. */
  readonly bucketShadows: ReadonlyMap<string, boolean>;
  /** `policy_overrides_count`; `null`: the answer has none. */
  readonly overridesCount: number | null;
  /** The override prefixes the server lists, in its order (documented dialect); `null`: it lists none. */
  readonly overridePrefixes: readonly string[] | null;
}

/** A policy as a server states or the model expects it: the numbers a decision is made with. */
export interface Policy {
  /** Requests per minute. */
  readonly ratePerMin: number;
  /** Requests beyond the first that may come at once. */
  readonly burst: number;
  /** Displayed only: GCRA uses rate and burst. */
  readonly windowSeconds: number;
  readonly isShadow: boolean;
}

/** The policy endpoint's answer. */
export interface PolicyAnswer extends Policy {
  readonly bucket: string;
  /** The override that matched (documented dialect); `null`: none matched; `undefined`: the server does not say. */
  readonly matchedOverride: string | null | undefined;
  /** Active override prefixes in the server's order (documented dialect); `undefined`: the server does not say. */
  readonly activeOverrides: readonly string[] | undefined;
}

export type HealthCheck = 'live' | 'ready' | 'startup';

/** How a server says it is. Its HTTP status says less: a deployed one answers 200 while its body says unhealthy. */
export interface HealthReport {
  /** As its body says it; `null`: another word, see `said`. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | null;
  /** The word itself. */
  readonly said: string;
  readonly httpStatus: number;
  /** `null`: it does not say. */
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
  readonly components: readonly { readonly name: string; readonly status: string; readonly message: string | null }[];
}

export const safeMethods = ['GET', 'HEAD'] as const;

/** Every method that a probe may be sent with; those that are not safe only where the operator allows it. */
export const probeMethods = [...safeMethods, 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export type ProbeMethod = (typeof probeMethods)[number];

/** What a real request met: the limiter's own headers. */
export interface ProbeAnswer {
  readonly status: number;
  /** X-RateLimit-Policy: the bucket; `null`: not sent. */
  readonly bucket: string | null;
  readonly isShadow: boolean | null;
  /** X-RateLimit-Limit: `burst + 1`. */
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly retryAfterSeconds: number | null;
}
