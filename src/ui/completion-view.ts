import type { Shell } from '../domain/completion/shells.js';
import { pasted } from './pasted.js';
import { term } from './term.js';
import type { View } from './view.js';

/** The script itself. */
export function completionScriptView(shell: Shell, script: string): View {
  return { kind: 'CompletionScript', data: { shell, script }, human: () => script.trimEnd() };
}

export interface CompletionInstalled {
  readonly shell: Shell;
  readonly path: string;
  /** The line that still has to be added, and to which file; `null`: nothing has to be. */
  readonly next: { readonly file: string; readonly line: string } | null;
  /** False where the file was already there and current. */
  readonly isNew: boolean;
}

/** What was written, and what is left to do. */
export function completionInstalledView({ shell, path, next, isNew }: CompletionInstalled): View {
  return {
    kind: 'CompletionInstalled',
    data: { shell, path, isNew, addTo: next?.file ?? null, line: next?.line ?? null },
    human: (theme) =>
      [
        isNew ? `wrote ${term(path)}` : `${term(path)} is current`,
        ...(next === null ? [] : [`add to ${next.file}:`, pasted(`  ${theme.bold(term(next.line))}`)]),
        'It takes effect in the next shell.',
      ].join('\n'),
  };
}
