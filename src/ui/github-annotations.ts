import type { LocatedFinding } from '../domain/located-finding.js';
import { term } from './term.js';

const commands = { error: 'error', warning: 'warning', note: 'notice' } as const;

/**
 * Findings as workflow commands of GitHub Actions, one a line, with its last newline; empty where there are none. Text
 * from outside can neither end a line nor start another command.
 */
export function githubAnnotations(findings: readonly LocatedFinding[]): string {
  return findings.map((finding) => `${annotation(finding)}\n`).join('');
}

function annotation({ rule, severity, message, hint, place }: LocatedFinding): string {
  const properties = [
    ...(place === null || place.file === '-'
      ? []
      : [`file=${escapedProperty(place.file)}`, `line=${place.line}`, `col=${place.column}`]),
    `title=${escapedProperty(`rlctl: ${rule}`)}`,
  ];
  const text = hint === null ? message : `${message}\n${hint}`;
  return `::${commands[severity]} ${properties.join(',')}::${escapedData(text)}`;
}

function escapedData(text: string): string {
  return text.split('\n').map(term).join('\n').replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
