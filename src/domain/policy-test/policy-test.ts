import type { Policy } from '../control-plane.js';
import type { FilePlace } from '../located-finding.js';

/** What a test expects of a route's policy, in the document's own words; an absent field may be anything. */
export interface Expected {
  /** Requests per minute. */
  readonly rate?: number | undefined;
  readonly burst?: number | undefined;
  /** Seconds. */
  readonly window?: number | undefined;
  readonly shadow?: boolean | undefined;
  /** The prefix of the override that decides; `null`: none does. */
  readonly matched?: string | null | undefined;
  /** Requests at once, as X-RateLimit-Limit says it: `burst + 1`. */
  readonly limit?: number | undefined;
}

/** One route under test. */
export interface PolicyTest {
  /** As given, else the route; where one expectation holds for several routes, with the route. */
  readonly name: string;
  readonly route: string;
  readonly method: string;
  /** `null`: not said. */
  readonly bucket: string | null;
  readonly expected: Expected;
  /** Looked up when it is asked for: finding a place takes longer than a test. */
  readonly place: () => FilePlace;
}

/** A bucket's own policy as far as it is known. */
export type BasePolicy = Partial<Policy>;

/** What a file of tests holds. */
export interface PolicyTestFile {
  readonly tests: readonly PolicyTest[];
  /** The buckets' own policies, for runs without a server. */
  readonly bases: ReadonlyMap<string, BasePolicy>;
}
