import { counted } from '../domain/counted.js';
import type { Finding } from '../domain/finding.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

/** More than this is for the JSON, which holds them all. */
const mostFindings = 3;

/** What is broken, each with its hint. */
export function findingLines(findings: readonly Finding[], theme: Theme): readonly string[] {
  const shown = findings
    .slice(0, mostFindings)
    .flatMap(({ message, hint }) => [
      theme.bad(`✗ ${term(message)}`),
      ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
    ]);
  const left = findings.length - mostFindings;
  return left > 0 ? [...shown, theme.dim(`… ${counted(left, 'more finding')} in --json`)] : shown;
}

/** Findings with the commands of their hints completed. */
export function addressedFindings(findings: readonly Finding[], address: CommandAddress): readonly Finding[] {
  return findings.map((each) => ({ ...each, hint: each.hint && addressed(each.hint, address) }));
}
