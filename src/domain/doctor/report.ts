import type { Finding } from '../finding.js';
import type { CheckGroup, CheckId, Severity } from './checks.js';

/** A file whose permissions are to be narrowed: local, and safe to mend. */
export interface ModeFix {
  /** Absolute. */
  readonly path: string;
  /** Permission bits as they are. */
  readonly from: number;
  readonly to: number;
}

/** What a check says that it found, before the table gives it its severity. */
export interface Found {
  /** Stable for scripts: a code of the table, or that of the failure that was met. */
  readonly code: string;
  /** Where: an address, a key, a file. */
  readonly part: string;
  readonly message: string;
  /** What was seen. */
  readonly evidence: string;
  /** What to do about it, where possible a command; `null`: nothing is known. */
  readonly cure: string | null;
  /** Absent: nothing that `--fix` may touch. */
  readonly fix?: ModeFix;
  /** The instances that it holds for; absent or empty: none in particular. */
  readonly instances?: readonly string[];
}

/** One thing that is wrong, or worth knowing. */
export interface DoctorFinding extends Omit<Finding, 'hint'>, Omit<Found, 'fix'> {
  readonly check: CheckId;
  readonly group: CheckGroup;
  readonly severity: Severity;
  readonly fix: ModeFix | null;
  /** Of a fleet: the instances that it holds for; absent: there is one address, or it is about none in particular. */
  readonly instances?: readonly string[];
  /** True: `--fix` has mended it. */
  readonly isFixed: boolean;
}

/** What became of one check. */
export interface CheckResult {
  readonly id: CheckId;
  readonly group: CheckGroup;
  readonly title: string;
  /** `notChecked`: nothing is configured for it, what it rests on has failed, or nobody may look. */
  readonly state: 'healthy' | 'findings' | 'notChecked';
  /** What was seen; `null`: nothing was looked at. */
  readonly evidence: string | null;
  /** Why it was not checked; `null`: it was. */
  readonly because: string | null;
  readonly findings: readonly DoctorFinding[];
}

/** One change that `--fix` made, or would make. */
export interface FixResult extends ModeFix {
  readonly state: 'done' | 'wouldDo' | 'failed';
  /** Why it failed; `null`: it did not. */
  readonly because: string | null;
}

/** Everything that was found. */
export interface DoctorReport {
  readonly environment: string | null;
  readonly checks: readonly CheckResult[];
  readonly fixes: readonly FixResult[];
  readonly tookMs: number;
}

/** How many findings of each severity are still there. */
export function countFindings(report: Pick<DoctorReport, 'checks'>): Readonly<Record<Severity, number>> {
  const open = report.checks.flatMap(({ findings }) => findings.filter(({ isFixed }) => !isFixed));
  const count = (wanted: Severity): number => open.filter(({ severity }) => severity === wanted).length;
  return { error: count('error'), warning: count('warning'), info: count('info') };
}
