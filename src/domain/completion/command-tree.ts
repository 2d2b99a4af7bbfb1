/** What is known of a value: a name that exists somewhere, a path, or nothing. */
export type ValueKind =
  | 'any'
  | 'file'
  | 'environment'
  | 'bucket'
  | 'override'
  | 'guard'
  | 'receiver'
  | 'incident'
  | 'panic'
  | 'plan'
  | 'runbook'
  | 'run';

/** The value of a flag or of an argument. */
export interface ValueShape {
  /** What stands for it in the help, without its brackets: `route`. */
  readonly placeholder: string;
  readonly kind: ValueKind;
  /** The values that are accepted, or known; empty: no list of them. */
  readonly choices: readonly string[];
}

export interface FlagShape {
  /** `--env` */
  readonly long: string;
  /** `-e`; `null`: none. */
  readonly short: string | null;
  readonly description: string;
  /** Its heading in the help; `null`: among the other options. */
  readonly group: string | null;
  /** `null`: a switch. */
  readonly value: ValueShape | null;
  readonly isRepeatable: boolean;
}

export interface ArgumentShape extends ValueShape {
  readonly description: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
}

export interface LeafShape {
  /** `override set` */
  readonly path: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentShape[];
  readonly flags: readonly FlagShape[];
  readonly examples: readonly string[];
}

/** The whole command tree as plain data: what completion and the manual page are made of. */
export interface CommandTree {
  /** Flags that every command has, `--help` included. */
  readonly globals: readonly FlagShape[];
  /** Flags that stand alone, without a command: `--version`. */
  readonly alone: readonly FlagShape[];
  readonly nouns: readonly { readonly name: string; readonly aliases: readonly string[]; readonly summary: string }[];
  readonly leaves: readonly LeafShape[];
}
