import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import { maxFileBytes, readOverridesFile, type OverridesFile } from '../../domain/overrides-file/read-file.js';
import { textFlag, type Flags } from '../command.js';
import { outsideDeadline } from '../confirmation.js';
import type { MutationInput } from '../mutation.js';

// A file of overrides as a command line names it.

export function addFileFlag(command: Command, what = 'file of overrides, YAML or JSON; - is stdin'): void {
  command.addOption(new Option('-f, --file <file>', what));
}

/** The file named with -f; throws a usage error where there is none. */
export function fileFlag(flags: Flags): string {
  const file = textFlag(flags, 'file');
  if (file !== null) return file;
  throw usageError('no file is named', 'Give -f FILE, where - is stdin; make one with: rlctl override dump');
}

/** Throws a usage error where stdin would have to be read twice. */
export function assertOneStdin(file: string, mutation: MutationInput): void {
  if (file !== '-' || mutation.effect.settings.secret !== '-') return;
  throw usageError('-f - and --secret-file - would both read stdin', 'Give one of them a path.');
}

/** The bytes of a file, one more than the limit at most; `-`: stdin. Throws a usage error where there is none. */
export async function readInput(context: Context, file: string): Promise<Uint8Array> {
  if (file === '-') return context.host.stdin.readAll();
  const bytes = await context.files.readBytes(resolve(context.host.cwd, file), maxFileBytes);
  if (bytes !== null) return bytes;
  throw usageError(`there is no file ${file}`, 'Check the path; - is stdin.', 'FILE_MISSING');
}

/**
 * Reads a file of overrides; throws usage errors that name every fault with its place. What it takes does not count against
 * the deadline, which is for the other side: stdin may come from a slow program, and a file may be large.
 */
export async function loadOverridesFile(context: Context, file: string): Promise<OverridesFile> {
  return outsideDeadline(context, async () => {
    const [bytes, readYaml] = await Promise.all([readInput(context, file), context.readYaml()]);
    return readOverridesFile(bytes, { file, readYaml });
  });
}
