import type { Quantile } from './quantile.js';

/** One action of one bucket. */
export interface ActionFigures {
  /** Requests in the window; a fraction where the source extrapolates. `null`: no data, which is not 0. */
  readonly count: number | null;
  /** `null`: no data. */
  readonly perSecond: number | null;
  /** Of all decisions of the bucket, 0 to 1; `null`: no data, or no decision at all. */
  readonly share: number | null;
}

/** One moment of a bucket's course: decisions a second; `null`: no data. */
export interface CoursePoint {
  readonly atMs: number;
  readonly allowed: number | null;
  readonly blocked: number | null;
  readonly shadowBlocked: number | null;
}

export interface BucketDecisions {
  /** The bucket's one name; as the server spells it where nothing else is known of it. */
  readonly bucket: string;
  /** Other names under which the server counted it; usually empty. */
  readonly aliases: readonly string[];
  readonly allowed: ActionFigures;
  /** Refused with 429. */
  readonly blocked: ActionFigures;
  /** Over the limit and let through, because the bucket or the route only observes. */
  readonly shadowBlocked: ActionFigures;
  /** Every decision of the bucket; `null`: no data. */
  readonly total: number | null;
  /** Of requests over their limit, enforced or not; `null`: no data. */
  readonly retryAfter: { readonly p50: Quantile | null; readonly p95: Quantile | null; readonly p99: Quantile | null };
  /** Evaluations that failed, after which the request passed; `null`: no data. */
  readonly evalErrors: number | null;
  readonly evalP95: Quantile | null;
  /** In the order of time; empty: no data. */
  readonly course: readonly CoursePoint[];
}

/** Why figures must be read with care. */
export type RemarkCode =
  | 'ALTERNATING_WORKERS'
  | 'ONE_OF_SEVERAL_WORKERS'
  | 'COUNTER_RESETS'
  | 'FIRST_SEEN'
  | 'STALE'
  | 'SHORT_WINDOW'
  | 'OVERRIDES_DIFFER'
  | 'EVALUATION_ERRORS'
  | 'UNKNOWN_LABELS'
  | 'NO_DECISIONS'
  | 'BUCKET_WITHOUT_DATA'
  | 'SOURCE_WARNING';

export interface Remark {
  readonly code: RemarkCode;
  /** True where figures may be wrong; false where they are right and only need an explanation. */
  readonly isWarning: boolean;
  /** For people; may hold outside text. */
  readonly text: string;
  /** What to do about it, in a sentence of rlctl's own whose commands the view completes; `null`: nothing. */
  readonly hint: string | null;
}

/** The decisions of one window of time. */
export interface Decisions {
  /** The window's end by the source's clock, epoch milliseconds. */
  readonly endMs: number;
  readonly windowMs: number;
  readonly stepMs: number;
  /** Over how long before it each point of a course is an average, milliseconds. */
  readonly pointMs: number;
  /** In the order of names. */
  readonly buckets: readonly BucketDecisions[];
  /** Configuration reloads; `null`: no data. */
  readonly reloads: number | null;
  /** Overrides in force, in the process with the fewest and in that with the most; `null`: no data. */
  readonly activeOverrides: { readonly least: number; readonly most: number } | null;
  /** The newest sample, epoch milliseconds; `null`: nothing is exported at this moment. */
  readonly newestMs: number | null;
  readonly remarks: readonly Remark[];
}
