import type { Observed } from './observed.js';
import type { TrapId } from './traps.js';

/**
 * `proven`: the level asked for was reached. `contradicted`: the server shows something else. `notProven`: neither could
 * be shown. `notAttempted`: the operator waived the proof.
 */
export type Verdict = 'proven' | 'notProven' | 'contradicted' | 'notAttempted';

/**
 * `loaded`: the server shows the policy. `enforced`: a real request met it, as far as the limiter's headers show one: they
 * tell burst (X-RateLimit-Limit) and shadow, never the rate. So a change is enforced by what of it a header showed, its
 * rate counts as loaded, and the evidence names both. Where only the rate changed, one probe can show nothing of it: with
 * `--require enforced` that is not proven; where a probe is merely configured, `loaded` is what is asked.
 */
export type ProofLevel = 'loaded' | 'enforced';

/** What of a policy can be enforced; the window is only displayed. */
export type EnforcedField = 'ratePerMin' | 'burst' | 'isShadow';

/** One line of evidence. */
export interface Evidence {
  readonly subject:
    | 'count'
    | 'prefixes'
    | 'policy'
    | 'sample'
    | 'workers'
    | 'enforcement'
    | 'siteMode'
    | 'limits'
    | 'flag'
    | 'metrics'
    | 'health'
    | 'instance';
  /** `neutral`: consistent, but it shows nothing by itself. */
  readonly verdict: 'proven' | 'notProven' | 'contradicted' | 'neutral';
  /** What was seen, in one sentence. Text from outside is quoted short and without control characters. */
  readonly text: string;
  /** Where it was seen: `GET https://api.example.com/internal/rate-limit/policy`. */
  readonly source: string;
  /** The route or prefix it is about; `null`: all of them. */
  readonly route: string | null;
  /** True: it is not as stored, and decides about no request of the routes that were asked for. Absent: it is about them. */
  readonly isAside?: boolean;
  /** In a probe's line: the fields that its headers showed in force. Absent elsewhere. */
  readonly enforced?: readonly EnforcedField[];
  /** In a probe's line: the fields that no header showed, so that they count as loaded. Absent elsewhere. */
  readonly loadedOnly?: readonly EnforcedField[];
  /** In a probe's line: true where the server is in shadow although the stored entry does not set it. Absent: it is not. */
  readonly isServerShadow?: boolean;
  /** In a probe's line: true where the bucket's own policy is not known, so that it says nothing of the server. Absent: it is. */
  readonly isBaseUnknown?: boolean;
}

/** What the probes of a proof showed in force, and what they did not, as people name it: `burst`, `rate`. */
export function enforcedInWords(evidence: readonly Evidence[]): { enforced: string; loadedOnly: string } {
  const words = (name: 'enforced' | 'loadedOnly'): string =>
    fieldsInWords(evidence.flatMap((line) => line[name] ?? []));
  return { enforced: words('enforced'), loadedOnly: words('loadedOnly') };
}

/** `burst and shadow` */
export function fieldsInWords(fields: readonly EnforcedField[]): string {
  const names = { ratePerMin: 'rate', burst: 'burst', isShadow: 'shadow' };
  return [...new Set(fields)].map((field) => names[field]).join(' and ');
}

/** What was learned about the server beyond this one proof, worth remembering; `null`: not seen. */
export interface Learned {
  readonly readsOverrides: boolean | null;
  readonly enforcesOverrides: boolean | null;
  /** What this proof itself showed; the rest was known before. Absent: nothing. */
  readonly fresh?: readonly ('readsOverrides' | 'enforcesOverrides')[];
  /** Whether bucket flags move without a restart. Absent or `null`: not seen. */
  readonly movesFlags?: boolean | null;
  /** At least so many processes answered. Absent or `null`: nothing told one from another. */
  readonly workersSeen?: number | null;
  /** How its metrics spell their labels. Absent or `null`: not seen. */
  readonly metricLabels?: MetricLabels | null;
}

/** What was learned before, as a proof is told. */
export interface Known extends Learned {
  /** When `workersSeen` was seen, ISO 8601. Absent or `null`: not known. */
  readonly workersSeenAt?: string | null;
}

/** `action="blocked"` with `shadow="true"`, or `action="block"` and `shadow_block` with `shadow="True"`. */
export type MetricLabels = 'documented' | 'deployed';

/** The proof of one effect. */
export interface Proof {
  readonly verdict: Verdict;
  readonly levelAsked: ProofLevel;
  readonly levelReached: 'none' | ProofLevel;
  readonly evidence: readonly Evidence[];
  /** The known lie that the evidence matches; `null`: none. */
  readonly trap: TrapId | null;
  /** One sentence: what it comes to, and the cure. */
  readonly diagnosis: string;
  /**
   * The chance that a stale worker would have been seen, 0…1: one of the configured number, or, where that is not known,
   * one that takes a quarter of the connections. `null`: nothing was read that could show one.
   */
  readonly confidence: number | null;
  /** Policy reads and probes made. */
  readonly reads: number;
  /** Different answers for one and the same prefix, at most; 1: all agree; 0: none was read. */
  readonly distinctAnswers: number;
  /** Other prefixes looked at, of how many there are. */
  readonly coverage: { readonly sampled: number; readonly of: number };
  readonly learned: Learned;
  /**
   * From the start of the proof (after a change: from the accepted reload) to the look that proved it, milliseconds. `null`:
   * it was not proven. Absent: not measured.
   */
  readonly convergedMs?: number | null;
  /** All that was seen, the same answers counted together. Absent: nothing was looked at. */
  readonly observed?: Observed;
  readonly tookMs: number;
}

/** The reload that reads nothing from Redis, and so is sent where Redis is away. */
export const reloadWithoutRedis = 'rlctl reload --no-verify';

/** Without a reload there is nothing to prove; a reload reaches one process, and only a proof tells of the others. */
function afterWaiver(waiver: string, next: string): string {
  return waiver === '--no-reload'
    ? next
    : 'a reload reaches one process, and others may hold what was before; to see, run: rlctl verify';
}

/**
 * The proof that was not made, because the operator waived it: `waiver` is the flag, `--no-verify` or `--no-reload`.
 * `next`: how the reload that was left out is had; absent: by the plain command.
 */
export function notAttempted(waiver: string, levelAsked: ProofLevel = 'loaded', next = 'run: rlctl reload'): Proof {
  return {
    verdict: 'notAttempted',
    levelAsked,
    levelReached: 'none',
    evidence: [],
    trap: null,
    diagnosis: `the proof was waived with ${waiver}; ${afterWaiver(waiver, next)}`,
    confidence: null,
    reads: 0,
    distinctAnswers: 0,
    coverage: { sampled: 0, of: 0 },
    learned: { readsOverrides: null, enforcesOverrides: null },
    tookMs: 0,
  };
}
