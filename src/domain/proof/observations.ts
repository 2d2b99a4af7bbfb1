import type { Policy, PolicyAnswer, ProbeAnswer, ReloadReport } from '../control-plane.js';
import type { LoadedOverrides } from '../policy/matching.js';
import type { MetricObservations } from './metric-observations.js';
import type { Known, ProofLevel } from './proof.js';

/** What was read about one prefix at one endpoint. */
export interface PrefixReads {
  readonly prefix: string;
  /** Where it was read: `GET https://api.example.com/internal/rate-limit/policy`. */
  readonly source: string;
  /** The answers, each from a connection of its own. */
  readonly answers: readonly PolicyAnswer[];
  /** How many answers were wanted. */
  readonly wanted: number;
  /** True: the route is one that no stored override reaches, so only a list beside the answer shows one. Absent: false. */
  readonly isBase?: boolean;
  /** True: the reads ended early, because some answer disagreed with another. Absent: false. */
  readonly isCutShort?: boolean;
  /** The server's own policy by bucket: what it says for a route that no stored override matches; may be empty. */
  readonly bases: ReadonlyMap<string, Policy>;
}

/** What one probe met. */
export interface ProbeObservation {
  readonly url: string;
  /** The path the server matches. */
  readonly route: string;
  /** Absent: GET. */
  readonly method?: string;
  /** The bucket that the configuration says guards it; `null`: it does not say. */
  readonly bucket: string | null;
  /** `null`: no answer, see `failure`. */
  readonly answer: ProbeAnswer | null;
  readonly failure: string | null;
  /** The server's own policy for the bucket that was met; `null`: not known. */
  readonly base: Policy | null;
}

/** All that a proof has seen, in one value: the judgement is a function of it. */
export interface Observations {
  readonly levelAsked: ProofLevel;
  /** True: the level follows from a configured probe, and nobody asked for it by name. Absent: somebody did. */
  readonly isLevelImplied?: boolean | undefined;
  /** The document before the change, `null`: there was none; absent: nothing was changed. Read where a probe met something. */
  readonly bytesBefore?: Uint8Array | null | undefined;
  /** What the stored document means to the server. */
  readonly loaded: LoadedOverrides;
  /** Every report of this proof; none where no reload was sent. */
  readonly reports: readonly ReloadReport[];
  /** The reports of the last round of reloads. */
  readonly lastReports: readonly ReloadReport[];
  /** The prefixes just changed; where none was, one that stands for all. */
  readonly changed: readonly PrefixReads[];
  /** True where `changed` holds a prefix that was not changed, and only stands for all. */
  readonly isWitness: boolean;
  /** Others, one read each. */
  readonly sample: readonly PrefixReads[];
  /** How many others there are. */
  readonly others: number;
  readonly probes: readonly ProbeObservation[];
  /** True: there are probes, and none of them reaches what was changed. Absent: false. */
  readonly hasProbesAside?: boolean | undefined;
  /** Processes behind the address, at least as many as were seen there before; `null`: not known. */
  readonly workers: number | null;
  /** Processes behind the address as configured, where more were seen before. Absent: `workers` is what is configured. */
  readonly workersConfigured?: number | undefined;
  /** Addresses that were asked. */
  readonly endpointCount: number;
  /** True where the policy endpoint answered at least once. */
  readonly hasPolicyAnswered: boolean;
  /** Why reading stopped early: the deadline, a 429, an unreachable endpoint; empty: it did not. */
  readonly failures: readonly string[];
  /** X-Site-Mode where it is not the configured one; `null`: it fits, or is not sent. */
  readonly wrongSiteMode: string | null;
  /** What X-Site-Mode should say, of a server that does not send it. Absent or `null`: it says something, or may say anything. */
  readonly siteModeUnsaid?: string | null | undefined;
  /** True: nothing was changed, these routes were asked for. Absent: they were changed, or stand for all. */
  readonly isAsked?: boolean | undefined;
  /** Prefixes that stood in the document before its last change and do not any more. Absent: not known. */
  readonly former?: readonly string[] | undefined;
  /** That what was stored is lost, and how to get it back, in sentences. Absent or `null`: it is not, or that is not known. */
  readonly lost?: string | null | undefined;
  /** What the metrics showed; absent or `null`: they were not asked. */
  readonly metrics?: MetricObservations | null | undefined;
  /** Servers whose own health says that their Redis does not answer, by address. Absent: not asked. */
  readonly withoutRedis?: readonly string[] | undefined;
  /** What earlier proofs learned. */
  readonly known: Known;
}
