import { isRecord } from '../json.js';
import { addressedCommand } from '../printed-command.js';

/** Where something was done that the same configuration alone can take back. */
export interface Origin {
  /** What the environment is called there. */
  readonly environment: string;
  /** The name of the machine. */
  readonly machine: string;
}

/** By what this configuration sets flags, and where it is known. */
export interface Reach {
  /** Where flags of buckets are set: the file's path, or the program; `null`: nowhere, overrides are set instead. */
  readonly flags: string | null;
  /** The program of the master switch; `null`: none is configured. */
  readonly killSwitch: string | null;
  readonly machine: string;
  /** The path of the configuration, where a command has to name it; `null`: it has not. */
  readonly config: string | null;
  /** The names of its environments. */
  readonly environments: readonly string[];
}

/** Reads what is kept; absent where it is none. */
export function parseOrigin(value: unknown): Origin | undefined {
  if (!isRecord(value)) return undefined;
  const { environment, machine } = value;
  return typeof environment === 'string' && typeof machine === 'string' ? { environment, machine } : undefined;
}

/** A command as it is typed where something was done. `argv`: without `rlctl`. */
export function commandAt(argv: readonly string[], { environment, machine }: Origin, reach: Reach): string {
  const isNamedHere = machine === reach.machine && reach.environments.includes(environment);
  return addressedCommand(argv, { environment, config: isNamedHere ? reach.config : null });
}

/** The machine behind a command that is not for this one: `, on HOST`; empty: it is for this one. */
export function onOther({ machine }: Origin, reach: Reach): string {
  return machine === reach.machine ? '' : `, on ${machine}`;
}
