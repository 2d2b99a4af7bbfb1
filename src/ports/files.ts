export interface FileFacts {
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly ownerId: number;
  readonly isRegular: boolean;
  readonly isSymbolicLink: boolean;
}

/** A private file that is being written. */
export interface PrivateFile {
  append(text: string): Promise<void>;
  /** Puts the file in its place. */
  commit(): Promise<void>;
  /** Leaves everything as it was. */
  discard(): Promise<void>;
}

/** The files rlctl reads and keeps. */
export interface Files {
  /** The text of a file (UTF-8); `null`: there is none. Throws a usage error where it cannot be read. */
  readText(path: string): Promise<string | null>;
  /** The bytes of a file or a pipe, at most one more than `mostBytes`; `null`: there is none. Throws as `readText` does. */
  readBytes(path: string, mostBytes: number): Promise<Uint8Array | null>;
  /** The names in a folder, sorted; `null`: there is none. Throws as `readText` does. */
  names(path: string): Promise<readonly string[] | null>;
  /** Facts about the path itself, links not followed; `null`: there is none. */
  facts(path: string): Promise<FileFacts | null>;
  /** Writes a private file: folder 0700, file 0600, temporary file + fsync + rename, never through a symbolic link. */
  writePrivate(path: string, text: string): Promise<void>;
  /** The lines of a file (UTF-8) without their ends, a piece of it at a time. Throws a usage error where there is none. */
  readLines(path: string): AsyncIterable<string>;
  /** Begins a private file as `writePrivate` does; what stood under the path stays until `commit`. */
  createPrivate(path: string): Promise<PrivateFile>;
  /** Removes a file; absent is fine. */
  remove(path: string): Promise<void>;
}

/** Runs a program that prints a secret. */
export interface CommandRunner {
  /**
   * Runs argv without a shell and returns its stdout. Throws a usage error naming the program (never its output) when
   * it cannot be started or ends with another code than 0.
   */
  run(argv: readonly string[], signal: AbortSignal): Promise<string>;
}
