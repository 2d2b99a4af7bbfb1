/**
 * The one total deadline of a command. Prompts and watching do not count against it. Every call that leaves the
 * process takes its signal from here.
 */
export interface Deadline {
  /** Milliseconds left; 0 once it has passed. */
  leftMs(): number;
  /** Aborts at the deadline, after `atMostMs` where given, or at the first Ctrl-C, whichever comes first. */
  signal(atMostMs?: number): AbortSignal;
  /** Aborts at the first Ctrl-C or SIGTERM only: for the second that follows it, in which the truth is found out. */
  readonly interrupted: AbortSignal;
}
