import { configDigest, loadState } from '../../config.js';
import type { Context } from '../../context.js';
import { actsOf, type Runbook } from '../../domain/runbook/runbook.js';
import { actText } from '../../ui/act-text.js';
import { readRunbookFile, runbookFiles } from './library.js';

/** A runbook of the team's own that runs programs, and so has to be trusted itself. */
export interface RunbookPrograms {
  readonly name: string;
  readonly path: string;
  readonly digest: string;
  /** The command lines, `{{input}}` and all. */
  readonly programs: readonly string[];
  /** Somebody has trusted this very text. */
  readonly isTrusted: boolean;
}

/** The runbooks beside the configuration that run programs; empty: none does. */
export async function programsOf(context: Context): Promise<readonly RunbookPrograms[]> {
  const { trusted } = await loadState(context);
  const found = await Promise.all(
    (await runbookFiles(context)).map(async (file) => {
      const { runbook, text } = await readRunbookFile(context, file);
      const digest = configDigest(text);
      const programs = runbook === null ? [] : programsIn(runbook);
      return { ...file, digest, programs, isTrusted: trusted[file.path] === digest };
    }),
  );
  return found.filter(({ programs }) => programs.length > 0);
}

function programsIn({ steps }: Runbook): readonly string[] {
  const acts = steps.flatMap((step) => [...actsOf(step), ...(step.undo === null ? [] : [step.undo])]);
  return acts.filter(({ kind }) => kind === 'exec').map((act) => actText(act).replace(/^run /, ''));
}
