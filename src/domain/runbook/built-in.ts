import { builtInClearings } from './built-in-clearings.js';
import { builtInProcedures } from './built-in-procedures.js';
import { builtInRollbacks } from './built-in-rollbacks.js';
import { runbookOf } from './read.js';
import type { Runbook } from './runbook.js';
import type { WrittenRunbook } from './schema.js';

/** The runbooks that come with rlctl, as a file would say them, by their names. */
export const builtInRunbooks: ReadonlyMap<string, WrittenRunbook> = new Map([
  ...Object.entries(builtInProcedures),
  ...Object.entries(builtInClearings),
  ...Object.entries(builtInRollbacks),
]);

/** A runbook of the program's own; `null`: there is none of this name. */
export function builtInRunbook(name: string): { readonly runbook: Runbook; readonly written: WrittenRunbook } | null {
  const written = builtInRunbooks.get(name);
  return written === undefined ? null : { runbook: runbookOf(name, written), written };
}
