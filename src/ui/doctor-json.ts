import { countFindings, type CheckResult, type DoctorFinding, type DoctorReport } from '../domain/doctor/report.js';

/** A report for programs: every check with what was seen, and every finding once more in one list, the worst first. */
export function doctorJson(report: DoctorReport) {
  const { environment, checks, fixes, tookMs } = report;
  const { error, warning, info } = countFindings(report);
  const inState = (state: CheckResult['state']): number => checks.filter((each) => each.state === state).length;
  return {
    environment,
    summary: {
      errors: error,
      warnings: warning,
      infos: info,
      checks: checks.length,
      healthy: inState('healthy'),
      notChecked: inState('notChecked'),
    },
    findings: worstFirst(checks.flatMap(({ findings }) => findings)).map(findingJson),
    checks: checks.map(({ findings, ...check }) => ({ ...check, findings: findings.map(({ code }) => code) })),
    fixes: fixes.map(({ from, to, ...fix }) => ({ ...fix, from: modeText(from), to: modeText(to) })),
    tookMs,
  };
}

function findingJson({ fix, ...finding }: DoctorFinding) {
  return { ...finding, isFixable: fix !== null };
}

const order = ['error', 'warning', 'info'];

/** Errors before warnings before infos; within one severity in the order of the checks. */
function worstFirst(findings: readonly DoctorFinding[]): readonly DoctorFinding[] {
  return findings.toSorted((left, right) => order.indexOf(left.severity) - order.indexOf(right.severity));
}

/** Permission bits as chmod takes them. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
