import { counted } from '../domain/counted.js';
import { checkGroups, onlyAsked, type CheckGroup, type Severity } from '../domain/doctor/checks.js';
import { countFindings, type CheckResult, type DoctorFinding, type DoctorReport } from '../domain/doctor/report.js';
import { doctorJson, modeText } from './doctor-json.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** A group in which all is well is one line; what is found is spelled out, with what was seen and what to do. */
export function doctorView(report: DoctorReport, { bundle }: { readonly bundle: string | null }): View {
  const data = doctorJson(report);
  return {
    kind: 'Doctor',
    data: { ...data, bundle },
    items: data.findings,
    human: (theme) => {
      const groups = checkGroups.flatMap((group) => groupLines(group, report.checks, theme));
      const fixes = report.fixes.map((fix) => fixLine(fix, theme));
      const written = bundle === null ? [] : [`written: ${term(bundle)} (readable by you alone, no secret in it)`];
      return [...groups, ...(fixes.length === 0 ? [] : ['', ...fixes]), '', ...written, summary(report, theme)].join(
        '\n',
      );
    },
  };
}

function groupLines(group: CheckGroup, all: readonly CheckResult[], theme: Theme): readonly string[] {
  const checks = all.filter((check) => check.group === group);
  if (checks.length === 0) return [];
  const healthy = checks.filter(({ state }) => state === 'healthy');
  const skipped = checks.filter(({ state }) => state === 'notChecked');
  const findings = checks.flatMap((check) => check.findings);
  const shown = checks.flatMap((check) => shownOf(check, theme));
  const name = group.padEnd(width);
  const mended = checks.filter((check) => check.findings.length > 0 && check.findings.every(({ isFixed }) => isFixed));
  const isCounted = healthy.length > 0 || skipped.length < checks.length;
  const said = [
    ...(isCounted ? [`${healthy.length} of ${checks.length} ${checks.length === 1 ? 'check' : 'checks'} well`] : []),
    ...(mended.length > 0 ? [`${mended.length} mended`] : []),
    ...(skipped.length > 0 ? [theme.dim(skippedText(skipped, checks.length))] : []),
  ];
  const mark = markOf(findings, healthy.length > 0, theme);
  return [`${mark} ${theme.bold(name)}  ${said.join(', ')}`, ...shown];
}

/** More of one kind than this are for the JSON: a fleet that is down has a thousand. */
const mostFindings = 5;

function shownOf({ id, findings }: CheckResult, theme: Theme): readonly string[] {
  const left = findings.length - mostFindings;
  const more = left > 0 ? [theme.dim(`  … ${counted(left, 'more finding')} of ${id}: --json`)] : [];
  return [...findings.slice(0, mostFindings).flatMap((each) => findingLines(each, theme)), ...more];
}

const width = Math.max(...checkGroups.map((group) => group.length));

function markOf(findings: readonly DoctorFinding[], hasHealthy: boolean, theme: Theme): string {
  const open = new Set(findings.filter(({ isFixed }) => !isFixed).map(({ severity }) => severity));
  if (open.has('error')) return theme.bad('✗');
  if (open.has('warning')) return theme.warn('!');
  return hasHealthy || findings.length > 0 ? theme.good('✓') : theme.dim('-');
}

/** One reason for all of them is said; several are for the JSON. */
function skippedText(skipped: readonly CheckResult[], all: number): string {
  const reasons = new Set(skipped.map(({ because }) => because ?? ''));
  const count = skipped.length === all ? 'not checked' : `${skipped.length} not checked`;
  const [only] = reasons;
  return reasons.size === 1 ? `${count} (${term(only ?? '')})` : count;
}

const dress: Readonly<Record<Severity, (theme: Theme) => (text: string) => string>> = {
  error: (theme) => theme.bad,
  warning: (theme) => theme.warn,
  info: (theme) => theme.dim,
};

function findingLines(finding: DoctorFinding, theme: Theme): readonly string[] {
  const { severity, check, message, evidence, cure, isFixed } = finding;
  const head = isFixed ? theme.good(`fixed ${check}`) : dress[severity](theme)(`${severity} ${check}`);
  const lines = term(oneLine(message));
  return [
    `  ${head}: ${lines}`,
    ...(evidence === '' || message.includes(evidence) ? [] : [theme.dim(`    seen: ${term(evidence)}`)]),
    ...(cure === null || isFixed ? [] : [`    ${theme.accent('cure:')} ${term(cure)}`]),
  ];
}

/** A list under a heading that ends with a colon goes on after it. */
function oneLine(message: string): string {
  const [first = '', ...rest] = message.split('\n').map((line) => line.trim());
  return rest.length === 0 ? first : `${first}${first.endsWith(':') ? ' ' : '; '}${rest.join('; ')}`;
}

function fixLine({ path, from, to, state, because }: DoctorReport['fixes'][number], theme: Theme): string {
  const what = `chmod ${modeText(to)} ${term(path)} (was ${modeText(from)})`;
  if (state === 'wouldDo') return `would run: ${what}`;
  return state === 'done' ? theme.good(`done: ${what}`) : theme.bad(`✗ ${what}: ${term(because ?? '')}`);
}

function summary(report: DoctorReport, theme: Theme): string {
  const { error, warning, info } = countFindings(report);
  const notes = info === 0 ? '' : `; ${counted(info, 'thing')} worth knowing`;
  const skipped = report.checks.filter(({ state }) => state === 'notChecked').length;
  const untried = isSecretUntried(report) ? '; secret not tried (--reload)' : '';
  const left = skipped === 0 ? '' : theme.dim(`; ${counted(skipped, 'check')} not made (why: --json)`);
  if (error + warning === 0) return `${theme.good('nothing is wrong')}${notes}${untried}${left}`;
  const words = [
    ...(error > 0 ? [counted(error, 'error')] : []),
    ...(warning > 0 ? [counted(warning, 'warning')] : []),
  ];
  return `${(error > 0 ? theme.bad : theme.warn)(words.join(', '))}${notes}${untried}${left}`;
}

/** Only a reload shows it, and none is sent unasked. */
function isSecretUntried({ checks }: DoctorReport): boolean {
  return checks.some(
    ({ id, state, because }) => id === 'api.reload' && state === 'notChecked' && because === onlyAsked,
  );
}
