import type { DoctorFinding, DoctorReport, FixResult, ModeFix } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import type { Machine } from '../../ports/machine.js';

/**
 * Mends what is local and safe: the permissions of files of this user's own. `isDryRun`: says what it would do. The
 * findings that are mended stay in the report, and say so.
 */
export async function mend(
  machine: Machine,
  report: Omit<DoctorReport, 'fixes'>,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<DoctorReport> {
  const wanted = new Map<string, ModeFix>();
  for (const { fix } of report.checks.flatMap(({ findings }) => findings)) if (fix !== null) wanted.set(fix.path, fix);
  const fixes: FixResult[] = [];
  for (const fix of wanted.values()) fixes.push(await mendOne(machine, fix, isDryRun));
  const done = new Set(fixes.filter(({ state }) => state === 'done').map(({ path }) => path));
  const marked = (finding: DoctorFinding): DoctorFinding => ({
    ...finding,
    isFixed: finding.fix !== null && done.has(finding.fix.path),
  });
  return {
    ...report,
    fixes,
    checks: report.checks.map((check) => ({ ...check, findings: check.findings.map(marked) })),
  };
}

async function mendOne(machine: Machine, fix: ModeFix, isDryRun: boolean): Promise<FixResult> {
  if (isDryRun) return { ...fix, state: 'wouldDo', because: null };
  try {
    await machine.setMode(fix.path, fix.to);
    return { ...fix, state: 'done', because: null };
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return { ...fix, state: 'failed', because: error.message };
  }
}
