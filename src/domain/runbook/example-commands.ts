import { exampleValues } from './example.js';
import { placedActs } from './lint-act.js';
import type { Runbook } from './runbook.js';
import { commandFault } from './step-command.js';
import { fillWords, namesIn } from './template.js';

/** What a command of a runbook would be with example values, and where it stands. */
export interface ExampleCommand {
  readonly argv: readonly string[];
  readonly path: readonly PropertyKey[];
}

const nothingUnsure: ReadonlySet<string> = new Set();

/**
 * The rlctl commands of a runbook with example values, to be tried against the command tree. `unsure`: inputs of which no
 * example can be given; what names one of them is left out.
 */
export function exampleCommands(
  runbook: Runbook,
  unsure: ReadonlySet<string> = nothingUnsure,
): readonly ExampleCommand[] {
  const values = exampleValues(runbook);
  const isUnsure = (word: string): boolean => namesIn(word).some((name) => unsure.has(name) || !values.has(name));
  return runbook.steps.flatMap((step, index) =>
    placedActs(step, index).flatMap(({ act, path }) => {
      if (act.kind !== 'rlctl' || commandFault(act.words) !== null || act.words.flat().some(isUnsure)) return [];
      return [{ argv: fillWords(act.words, values), path: [...path, 'rlctl'] }];
    }),
  );
}
