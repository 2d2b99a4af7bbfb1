import { counted } from '../domain/counted.js';
import { countFindings } from '../domain/lint/lint.js';
import type { LocatedFinding } from '../domain/located-finding.js';
import { placeText } from '../domain/placed-file.js';
import { term } from './term.js';
import type { View } from './view.js';

/** What is wrong in runbooks: a line for each, as compilers write them. */
export function runbookLintView(files: readonly string[], findings: readonly LocatedFinding[]): View {
  const { errors, warnings, notes } = countFindings(findings);
  return {
    kind: 'RunbookLint',
    data: { files, errors, warnings, notes, findings },
    items: findings,
    human: (theme) => {
      const dress = { error: theme.bad, warning: theme.warn, note: theme.dim };
      const lines = findings.flatMap(({ rule, severity, message, hint, place }) => [
        `${place === null ? '' : `${term(placeText(place))}: `}${dress[severity](`${severity}:`)} ${term(message)} ${theme.dim(`[${rule}]`)}`,
        ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
      ]);
      const said =
        findings.length === 0
          ? theme.good('nothing found')
          : [
              ...(errors > 0 ? [theme.bad(counted(errors, 'error'))] : []),
              ...(warnings > 0 ? [theme.warn(counted(warnings, 'warning'))] : []),
              ...(notes > 0 ? [counted(notes, 'note')] : []),
            ].join(', ');
      return [...lines, `${said} in ${counted(files.length, 'runbook')}`].join('\n');
    },
  };
}
