/** How a program ended. */
export interface ProgramEnd {
  /** `null`: a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it; `null`: it ended by itself. */
  readonly signal: string | null;
  /** The end of what it wrote to stderr, else to stdout; may hold anything. */
  readonly said: string;
}

/** Runs programs that change something outside. */
export interface Programs {
  /**
   * Runs argv without a shell, its stdin empty, in a process group that ends with it. Throws a usage error where it cannot
   * be started, and then nothing has happened. Where the signal aborts, it is ended, and what it did is not known.
   */
  run(argv: readonly string[], signal: AbortSignal): Promise<ProgramEnd>;
}
