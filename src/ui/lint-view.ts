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
      const shown = findings.slice(0, mostFindings).flatMap((each) => findingLines(each, theme));
      return [...shown, ...restLines(findings.slice(mostFindings), theme), ...endLines(report, theme)].join('\n');
    },
  };
}

const dress = { error: 'bad', warning: 'warn', note: 'dim' } as const;

function findingLines({ rule, severity, message, hint, place }: LocatedFinding, theme: Theme): readonly string[] {
  const where =
    place === null ? '' : `${place.file === '-' ? 'stdin' : term(place.file)}:${place.line}:${place.column}: `;
  const head = `${where}${theme[dress[severity]](`${severity}:`)} ${term(message)} ${theme.dim(`[${rule}]`)}`;
  return hint === null ? [head] : [head, `  ${theme.accent('hint:')} ${term(hint)}`];
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
  const name = source === '-' ? 'stdin' : term(source);
  const said = words.length === 0 ? theme.good('nothing found') : words.join(', ');
  const left = notChecked.map(({ rule, because }) => theme.dim(`not looked for: ${rule} (${term(because)})`));
  return [...left, `${name}: ${said} in ${counted(entryCount, 'override')}`];
}
