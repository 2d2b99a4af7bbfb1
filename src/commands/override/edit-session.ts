import { join } from 'node:path';
import { stateFolder } from '../../config.js';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { OverridesFile } from '../../domain/overrides-file/read-file.js';
import { shellWord, shellWords, splitWords } from '../../domain/shell-words.js';
import { dumpText, type Dump } from '../../ui/dump-view.js';
import type { Outcome } from '../command.js';
import { canAsk, outsideDeadline } from '../confirmation.js';
import type { MutationInput } from '../mutation.js';
import { loadOverridesFile } from './file.js';

// What somebody typed into an editor is never lost: it stays in a private file until it is in force.

/** Throws a usage error where nobody is there to edit. */
export function assertTerminal(context: Context): void {
  if (canAsk(context)) return;
  throw usageError(
    'an editor needs a terminal',
    'Without one run: rlctl override dump > overrides.yaml; edit it, and run: rlctl override apply -f overrides.yaml',
    'NO_TERMINAL',
  );
}

/** Lets somebody edit a dump until it can be read, or they give up; then the file is kept. */
export async function letEdit(
  context: Context,
  environment: Environment,
  dump: Dump,
): Promise<{ readonly path: string; readonly file: OverridesFile }> {
  const path = editPath(context, environment, dump.nowMs);
  const [editor, argv] = [await context.editor(), editorOf(context)];
  const text = dumpText(dump, environment);
  await context.files.writePrivate(path, text);
  for (;;) {
    try {
      await outsideDeadline(context, () => editor.edit(argv, path));
      return { path, file: await loadOverridesFile(context, path) };
    } catch (error) {
      if (await wantsAnotherTry(context, error)) continue;
      if ((await context.files.readText(path)) !== text) throw kept(error, path, null);
      await forgetEdit(context, path);
      throw error;
    }
  }
}

function editPath(context: Context, environment: Environment, nowMs: number): string {
  const when = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const name = `${environment.name.replaceAll(/[^\w.-]/g, '_')}-${when}-${context.randomness.hex(4)}.yaml`;
  return join(stateFolder(context.host.env), 'edits', name);
}

function editorOf({ host }: Context): readonly string[] {
  return (
    [host.env['VISUAL'], host.env['EDITOR'], 'vi']
      .map((text) => splitWords(text ?? ''))
      .find(({ length }) => length > 0) ?? []
  );
}

async function wantsAnotherTry(context: Context, error: unknown): Promise<boolean> {
  if (!(error instanceof RlctlError) || error.code !== 'OVERRIDES_FILE_INVALID') return false;
  const { errorText } = await import('../../ui/error-view.js');
  await context.host.stderr.write(errorText(error, await context.theme(), false));
  const { askYesNo } = await import('../../ui/prompt.js');
  const theme = await context.theme();
  return outsideDeadline(context, () => askYesNo('Edit it again?', theme)).catch(() => false);
}

/** Removes the file of an edit that is in force, or that changed nothing. */
export async function forgetEdit(context: Context, path: string): Promise<void> {
  await context.files.remove(path);
}

/** Runs what puts an edit into force; unless it did, the file stays, and the error says where. `removed`: what it takes out. */
export async function keptOnFailure(
  context: Context,
  { path, removed }: { readonly path: string; readonly removed: readonly string[] },
  { isDryRun }: MutationInput,
  put: () => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = await put().catch((error: unknown) => {
    throw kept(error, path, removed);
  });
  if (isDryRun) await context.note(`what you wrote is kept in ${path}`);
  else await forgetEdit(context, path);
  return outcome;
}

/** `removed`: the entries that were taken out; `null`: the file cannot be read yet. */
function kept(error: unknown, path: string, removed: readonly string[] | null): unknown {
  if (!(error instanceof RlctlError) || error.details?.['applied'] === true) return error;
  const { kind, message, code, hint, details } = error;
  const where = `What you wrote is kept in ${path}; take it up with: rlctl override apply -f ${shellWord(path)}${removalHint(removed)}`;
  return new RlctlError(kind, message, {
    code,
    hint: hint === undefined ? where : `${hint} ${where}`,
    details: { ...details, kept: path, ...(removed === null ? {} : { removed }) },
  });
}

/** A file that is applied deletes nothing: what was taken out of it has to be said. */
function removalHint(removed: readonly string[] | null): string {
  if (removed === null) return ' (it deletes nothing; what you took out goes with: rlctl override unset ROUTE)';
  if (removed.length === 0) return '';
  const unset = removed.map((route) => shellWords(['rlctl', 'override', 'unset', route])).join(' && ');
  return ` && ${unset}`;
}
