import { Option, type Command } from 'commander';
import type { PanicTarget, PanicWay } from '../../domain/panic/target.js';
import { switchFlag, textFlag, type Flags } from '../command.js';
import { addMutationFlags, mutationInput, type MutationInput } from '../mutation.js';

export interface PanicInput {
  readonly target: PanicTarget;
  /** `null`: as the environment is configured. */
  readonly way: PanicWay | null;
  readonly isSpillAllowed: boolean;
  readonly mutation: MutationInput;
}

/** An input with the id that its panic will have. */
export type NamedPanic = PanicInput & { readonly id: string };

/** `ways`: the means to choose from; empty: there is one only. */
export function addPanicFlags(command: Command, ways: readonly PanicWay[]): void {
  if (ways.length > 0)
    command.addOption(new Option('--by <way>', 'act by this instead of what is configured').choices(ways));
  addMutationFlags(command);
  describeWait(command);
  command.addHelpText('after', help);
}

export function addSpillFlag(command: Command): void {
  command.addOption(new Option('--include-others', 'go on where its routes catch routes of other buckets'));
}

/** A panic waits for what is decided, and not for its proof alone. */
function describeWait(command: Command): void {
  const wait = command.options.find(({ long }) => long === '--wait');
  if (wait !== undefined) wait.description = 'go on until the decisions show it: no blocks, shadow blocks only';
}

const help = [
  '',
  'Requests pass and are counted. It asks for a reason where the environment wants',
  'one, never for an end, and no freeze holds it up; other guards do. With --wait,',
  'blocks that go on, and figures that are missing, end in 8. What it changed',
  'stands until: rlctl panic restore',
].join('\n');

export function panicInput(target: PanicTarget, flags: Flags): PanicInput {
  return {
    target,
    way: textFlag(flags, 'by') as PanicWay | null,
    isSpillAllowed: switchFlag(flags, 'includeOthers'),
    mutation: mutationInput(flags),
  };
}
