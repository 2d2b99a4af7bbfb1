import { exitCodeOf, type ExitName } from './exit-codes.js';

/** The kinds of failure: the rows of the exit-code table that an error can end in. */
export type ErrorKind = Exclude<ExitName, 'ok' | 'findings'>;

export interface ErrorOptions {
  /** The finer cause, SCREAMING_SNAKE_CASE, stable for scripts: `REDIS_UNREACHABLE`. */
  readonly code: string;
  /** What to do next, one sentence, where possible a command that can be copied. */
  readonly hint?: string;
  /** Facts for machines (and for the three-way view of a conflict); never a secret. JSON-safe. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Only errors that carry no secret: never one of ioredis's. */
  readonly cause?: unknown;
}

/**
 * A failure that rlctl explains: what failed and why (message), what to do next (hint).
 * The kind decides the exit code in one table; `main` is the only place that turns it into one.
 */
export class RlctlError extends Error {
  override readonly name = 'RlctlError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get exitCode(): number {
    return exitCodeOf(this.kind);
  }
}

/** Bad input: names the value, the place and the cure; exit 2. */
export function usageError(message: string, hint: string, code = 'USAGE'): RlctlError {
  return new RlctlError('usage', message, { code, hint });
}
