/** What rlctl asks of the machine that it runs on. */
export interface Machine {
  /** `20.19.0` */
  readonly nodeVersion: string;
  /** `linux x64` */
  readonly platform: string;
  /** `null`: this system has no such numbers. */
  readonly userId: number | null;
  /** The path itself, every link on the way followed; `null`: it leads nowhere. */
  realPath(path: string): Promise<string | null>;
  /** The addresses of a name; throws an RlctlError of kind `unreachable` where it has none. */
  lookup(host: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Whether this user may write into a folder; `null`: it does not exist. */
  canWriteInto(folder: string): Promise<boolean | null>;
  /** The names in a folder, sorted; empty: it is not there, is no folder, or may not be read. */
  list(folder: string): Promise<readonly string[]>;
  /** Sets the permission bits of a file of this user's own, never through a symbolic link. Throws a guard otherwise. */
  setMode(path: string, mode: number): Promise<void>;
}
