import { Option, type Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { ownerPattern, type OverridesFile } from '../../domain/overrides-file/read-file.js';
import type { Ownership } from '../../procedures/override/declared.js';
import { switchFlag, textFlag, type Flags } from '../command.js';

// Whose entries a file speaks for.

/** What a command line says of it. */
export interface OwnershipFlags {
  /** `null`: the file says. */
  readonly owner: string | null;
  readonly isPruning: boolean;
  readonly isAdopting: boolean;
}

const group = 'Ownership:';

export function addOwnershipFlags(command: Command): void {
  command
    .addOption(new Option('--owner <name>', 'what manages these entries, where the file does not say').helpGroup(group))
    .addOption(new Option('--prune', 'also remove entries that nobody manages').helpGroup(group))
    .addOption(new Option('--adopt', 'take over entries of the file that another owner manages').helpGroup(group));
}

export function ownershipFlags(flags: Flags): OwnershipFlags {
  const owner = textFlag(flags, 'owner');
  if (owner !== null && !ownerPattern.test(owner)) {
    throw usageError(
      `--owner: ${JSON.stringify(owner)} is no name`,
      'Use letters, digits and . _ / @ -, such as "team-search".',
    );
  }
  return { owner, isPruning: switchFlag(flags, 'prune'), isAdopting: switchFlag(flags, 'adopt') };
}

/** Throws a usage error where nobody says what manages the entries, or two say different things. */
export function ownershipOf(flags: OwnershipFlags, file: OverridesFile, name: string): Ownership {
  const owner = flags.owner ?? file.owner;
  if (owner === null) {
    throw usageError(
      `${name} does not say what manages its entries, so nobody can tell which others may go`,
      'Write "owner: NAME" at its top, or give --owner NAME; "rlctl override apply" needs none and removes nothing.',
      'OWNER_MISSING',
    );
  }
  if (file.owner !== null && file.owner !== owner) {
    throw usageError(
      `--owner says "${owner}", and ${name} says "${file.owner}"`,
      'Leave out --owner, or correct the file.',
      'OWNER_DIFFERS',
    );
  }
  return { ...flags, owner };
}
