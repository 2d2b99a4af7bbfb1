import type { ProbeAnswer, ReloadReport } from '../control-plane.js';
import type { ProofLevel } from '../proof/proof.js';

/** A bucket's flag as it should be. */
export interface ExpectedFlag {
  readonly bucket: string;
  /** Every name the server may use for it. */
  readonly names: readonly string[];
  /** `null`: the bucket has no flag of its own any more, and may follow global shadow. */
  readonly isShadow: boolean | null;
  /** What the server said before the reload; `null`: not known. */
  readonly before: boolean | null;
  /** Why the server may read what was set otherwise than it is meant, a half sentence; absent: nothing is known. */
  readonly doubt?: string;
}

/** What a real request to a bucket met. */
export interface FlagProbe {
  readonly url: string;
  readonly expected: ExpectedFlag;
  /** `null`: no answer, see `failure`. */
  readonly answer: ProbeAnswer | null;
  readonly failure: string | null;
  /** The stored override that says itself whether it is in shadow there, so that no flag does; absent or `null`: none. */
  readonly decidedBy?: string | null;
}

/** All that was seen about flags. */
export interface FlagObservations {
  readonly flags: readonly ExpectedFlag[];
  /** Every report: each tells what one worker holds directly after a reload of its own. */
  readonly reports: readonly ReloadReport[];
  /** What workers said since, each on a connection of its own, whether a reload had reached them or not. */
  readonly reads: readonly { readonly bucket: string; readonly isShadow: boolean }[];
  /** Reads that would show one stale worker with enough certainty, at all addresses together. */
  readonly readsWanted: number;
  /** Addresses that were asked. */
  readonly endpointCount: number;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
  /** Why reading stopped early; empty: it did not. */
  readonly failures: readonly string[];
  readonly levelAsked: ProofLevel;
  /** True: the level follows from a probe that is configured, and nobody asked for it. Absent: somebody did. */
  readonly isLevelImplied?: boolean;
  readonly probes: readonly FlagProbe[];
}

/** One flag beside what was seen of it. */
export interface FlagStanding {
  readonly flag: ExpectedFlag;
  /** Reports that show it as it should be, and those that do not. */
  readonly right: number;
  readonly wrong: number;
  readonly readsWrong: number;
}

/** The bucket's flag in a report, under whichever of its names; `null`: the report does not name it. */
export function flagIn(report: ReloadReport, { names }: Pick<ExpectedFlag, 'names'>): boolean | null {
  const name = names.find((each) => report.bucketShadows.has(each));
  return name === undefined ? null : (report.bucketShadows.get(name) ?? null);
}

/** True where the server had it so before: then its answer does not show that it takes flags up without a restart. */
export function wasSoBefore(flag: ExpectedFlag, reports: readonly ReloadReport[]): boolean {
  const last = reports.at(-1);
  const now = flag.isShadow ?? (last === undefined ? null : flagIn(last, flag));
  return flag.before !== null && flag.before === now;
}

/** Without a flag of its own a bucket may follow global shadow. */
export function fits({ isShadow }: ExpectedFlag, value: boolean, isGlobal: boolean | null): boolean {
  return isShadow === null ? !value || isGlobal === true : value === isShadow;
}
