import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import {
  documentOf,
  maxFileBytes,
  readOverridesFile,
  type OverridesFile,
} from '../../domain/overrides-file/read-file.js';
import { textFlag, type Flags } from '../command.js';
import { outsideDeadline } from '../confirmation.js';
import { assertOneStdin, readInput } from '../input-file.js';
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

/** Throws a usage error where stdin would have to be read for the secret as well. */
export function assertSecretElsewhere(flag: string, file: string, mutation: MutationInput): void {
  assertOneStdin([
    [flag, file],
    ['--secret-file', mutation.effect.settings.secret ?? null],
  ]);
}

/**
 * Reads a file of overrides; throws usage errors that name every fault with its place. What it takes does not count against
 * the deadline, which is for the other side: stdin may come from a slow program, and a file may be large.
 */
export async function loadOverridesFile(context: Context, file: string, flag = '-f'): Promise<OverridesFile> {
  return outsideDeadline(context, async () => {
    const read = readInput(context, file, { flag, mostBytes: maxFileBytes });
    const [bytes, readYaml] = await Promise.all([read, context.readYaml()]);
    return readOverridesFile(bytes, { file, readYaml });
  });
}

/** The document that a file of overrides makes, in whichever form it is written. Throws as `loadOverridesFile` does. */
export async function loadDocument(context: Context, file: string, flag: string): Promise<Uint8Array> {
  return documentOf(await loadOverridesFile(context, file, flag));
}
