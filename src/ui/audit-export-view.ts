import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { headText } from '../domain/audit/finding.js';
import { addressed } from '../domain/printed-command.js';
import { shellWord } from '../domain/shell-words.js';
import type { Exported } from '../procedures/audit/export.js';
import { escapeJson, term } from './term.js';
import type { View } from './view.js';

/** Lines of an export as text. */
export function exportText(lines: readonly object[]): string {
  return lines.map((line) => `${escapeJson(JSON.stringify(line))}\n`).join('');
}

/** What was exported into a file. */
export function auditExportView({ key, records, head }: Exported, file: string, environment: Environment): View {
  const check = addressed(`rlctl audit verify -f ${shellWord(file)}`, environment.address);
  return {
    kind: 'AuditExport',
    data: { environment: environment.name, key, file, records, head: head === null ? null : headText(head) },
    human: (theme) =>
      [
        `${counted(records, 'entry', 'entries')} of ${term(key)} in ${term(file)}`,
        ...(head === null ? [] : [`head  ${headText(head)}`]),
        theme.dim(`check it with: ${term(check)}`),
      ].join('\n'),
  };
}
