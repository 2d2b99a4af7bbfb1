import type { Command } from 'commander';
import type { Context } from '../context.js';
import type { ExitName } from '../domain/exit-codes.js';
import type { View } from '../ui/view.js';

/** The flags of a command as commander parsed them. */
export type Flags = Readonly<Record<string, unknown>>;

/** What a command ends in: something to show, and a row of the exit-code table. */
export interface Outcome {
  /** `null`: everything has been shown along the way. */
  readonly view: View | null;
  readonly exit: ExitName;
}

/** One command: its flags, two real examples, and what it does. */
export interface CommandSpec {
  /** Adds arguments and flags. */
  readonly register: (command: Command) => void;
  readonly examples: readonly [string, string, ...string[]];
  readonly run: (context: Context, args: readonly (string | undefined)[], flags: Flags) => Promise<Outcome>;
}

/** Puts a command together: flags become domain types once, then one action works with them. */
export function defineCommand<Input>(parts: {
  readonly register: CommandSpec['register'];
  readonly examples: CommandSpec['examples'];
  readonly input: (args: readonly (string | undefined)[], flags: Flags) => Input;
  readonly action: (context: Context, input: Input) => Promise<Outcome>;
}): CommandSpec {
  const { register, examples, input, action } = parts;
  return { register, examples, run: (context, args, flags) => action(context, input(args, flags)) };
}

/** A text flag; `null`: not given. */
export function textFlag(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

/** A switch; false where it is not given. */
export function switchFlag(flags: Flags, name: string): boolean {
  return flags[name] === true;
}

/** A flag that may be repeated; empty where it is not given. */
export function listFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** Collects a repeated flag for commander. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}
