/**
 * Env files that another program reads, edited in place. Only a regular file that is no symbolic link and has no second
 * name is touched, because replacing it would leave the other one behind.
 */
export interface EnvFiles {
  /** The file's bytes. Throws a usage error where there is none, a guard where it must not be replaced. */
  read(path: string): Promise<Uint8Array>;
  /**
   * Replaces the file by what `change` makes of its bytes as they are at that moment: temporary file beside it, fsync,
   * rename; owner and permissions kept. Two at once do not lose each other's change: the second one is a conflict, and so
   * is a file that an editor saved in the meantime. What `change` throws is thrown on, and nothing is written then.
   */
  replace(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void>;
}
