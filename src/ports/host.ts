/** Where text goes out. */
export interface OutputStream {
  readonly isTTY: boolean;
  /** Width in columns; `undefined` where it is no terminal. */
  readonly columns: number | undefined;
  /** Height in rows; absent where it is no terminal. */
  readonly rows?: number | undefined;
  /** True once its reader has gone away: nothing written any more is read by anybody. */
  readonly isGone?: boolean;
  /**
   * Calls the listener when the reader has gone away, as early as the machine can tell, until the returned function is
   * called. Absent where only the next write would tell.
   */
  onGone?(listener: () => void): () => void;
  /** Hands text, or bytes as they are, over; resolves when the other side has taken it. A reader that has gone away is not an error. */
  write(text: string | Uint8Array): Promise<void>;
  /** Calls the listener when the terminal's size has changed, until the returned function is called. */
  onResize?(listener: () => void): () => void;
}

export interface InputStream {
  readonly isTTY: boolean;
  /** Everything there is to read, to its end. */
  readAll(): Promise<Buffer>;
}

/** The process as rlctl sees it, so that a whole command can be run inside a test. */
export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Calls the listener for each SIGINT and SIGTERM until the returned function is called. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /**
   * Calls the listener for each error that nobody waits for, a defect deep inside of a library, until the returned function
   * is called. Absent where such an error meets somebody else.
   */
  onFault?(listener: (error: unknown) => void): () => void;
  /** Ends the process at once with this code: for a second Ctrl-C, and after a fault, when nothing can be relied on. */
  leave(code: number): void;
}
