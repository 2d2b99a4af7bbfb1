import { counted } from '../domain/counted.js';
import { countFindings } from '../domain/lint/lint.js';
import type { LocatedFinding } from '../domain/located-finding.js';
import type { LintReport } from '../procedures/override/lint.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** More than this is for the JSON, which holds them all. */
const mostFindings = 50;

/** What lint found: a line for each, as compilers write them, the worst first. */
export function lintView(report: LintReport, environment: string | null): View {
  const { source, revision, entryCount, size, notChecked, findings } = report;
  const data = { environment, source, revision, entryCount, size, ...countFindings(findings), notChecked, findings };
  return {
    kind: 'OverrideLint',
    data,
    items: findings,
    human: (theme) => {
      const shown = findings.slice(0, mostFindings);
      const lines = shown.flatMap((each, index) => [
        headLine(each, theme),
        ...hintLines(each, shown[index + 1], theme),
      ]);
      return [...lines, ...restLines(findings.slice(mostFindings), theme), ...endLines(report, theme)].join('\n');
    },
  };
}

const dress = { error: 'bad', warning: 'warn', note: 'dim' } as const;

function headLine({ rule, severity, message, place }: LocatedFinding, theme: Theme): string {
  const where = place === null ? '' : `${named(place.file)}:${place.line}:${place.column}: `;
  return `${where}${theme[dress[severity]](`${severity}:`)} ${term(message)} ${theme.dim(`[${rule}]`)}`;
}

/** The same hint below a row of findings is said once, at their end. */
function hintLines({ hint }: LocatedFinding, next: LocatedFinding | undefined, theme: Theme): readonly string[] {
  return hint === null || hint === next?.hint ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`];
}

function named(source: string): string {
  return source === '-' ? 'stdin' : term(source);
}

/** What is not shown, by rule. */
function restLines(rest: readonly LocatedFinding[], theme: Theme): readonly string[] {
  if (rest.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { rule } of rest) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const list = Array.from(counts, ([rule, count]) => `${count} ${rule}`).join(', ');
  return [theme.dim(`… ${counted(rest.length, 'more finding')} in --json: ${list}`)];
}

function endLines({ source, entryCount, notChecked, findings }: LintReport, theme: Theme): readonly string[] {
  const { errors, warnings, notes } = countFindings(findings);
  const words = [
    ...(errors > 0 ? [theme.bad(counted(errors, 'error'))] : []),
    ...(warnings > 0 ? [theme.warn(counted(warnings, 'warning'))] : []),
    ...(notes > 0 ? [counted(notes, 'note')] : []),
  ];
  const said = words.length === 0 ? theme.good('nothing found') : words.join(', ');
  const left = notChecked.map(({ rule, because }) => theme.dim(`not looked for: ${rule} (${term(because)})`));
  return [...left, `${named(source)}: ${said} in ${counted(entryCount, 'override')}`];
}
