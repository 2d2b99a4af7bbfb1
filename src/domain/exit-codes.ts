/** One row of the frozen exit-code table: help, README and the tests read this table and nothing else. */
export interface ExitCode {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
}

export const exitCodes = [
  { code: 0, name: 'ok', meaning: 'done and proven; or nothing differs' },
  { code: 1, name: 'unexpected', meaning: 'failed: unexpected' },
  { code: 2, name: 'usage', meaning: 'usage or invalid input; nothing was sent' },
  { code: 3, name: 'findings', meaning: 'differences, findings, or a gate that failed (check commands only)' },
  {
    code: 4,
    name: 'refused',
    meaning:
      "refused by the other side: signature, token, ACL, wrong path, redirect, an answer that is not its own (a proxy's HTML)",
  },
  { code: 5, name: 'conflict', meaning: 'conflict: the document changed underneath; nothing was written' },
  {
    code: 6,
    name: 'guard',
    meaning:
      'refused by a guard: protected, frozen, out of bounds, confirmation missing, wrong site mode, unreadable document',
  },
  { code: 7, name: 'unreachable', meaning: 'unreachable, 429, 5xx, or past the deadline' },
  {
    code: 8,
    name: 'unproven',
    meaning: 'effect not proven at the level asked, contradicted, not replicated, or only partly applied',
  },
  {
    code: 9,
    name: 'unknownOutcome',
    meaning: 'outcome unknown: the change id is printed, and the command that will tell',
  },
  { code: 130, name: 'interrupted', meaning: 'interrupted; what was and was not done has been printed' },
  { code: 143, name: 'terminated', meaning: 'terminated; what was and was not done has been printed' },
] as const satisfies readonly ExitCode[];

/** The name of a row of the table: what a command or an error ends in. */
export type ExitName = (typeof exitCodes)[number]['name'];

/** The process exit code of a table row. */
export function exitCodeOf(name: ExitName): number {
  return exitCodes.find((row) => row.name === name)?.code ?? 1;
}
