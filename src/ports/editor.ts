/** Lets somebody edit a file. */
export interface Editor {
  /**
   * Runs argv with the file's path after it, without a shell, on the terminal of this process, until it ends. Throws a
   * usage error where it cannot be started, or ends with another code than 0.
   */
  edit(argv: readonly string[], path: string): Promise<void>;
}
