/** Where something stands in a file that somebody wrote; lines and columns from 1. */
export interface FilePlace {
  /** The file as it was named on the command line; `-`: stdin. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a check found, placed so that an editor or a pipeline can show it. */
export interface LocatedFinding {
  /** The rule's name, stable for scripts: `hidden-prefix`. */
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  /** One sentence: what is wrong, with the value. */
  readonly message: string;
  /** What to do about it; `null`: nothing is known. */
  readonly hint: string | null;
  /** The route prefix it is about; `null`: the document as a whole. */
  readonly route: string | null;
  /** `null`: it stands in no file, but in Redis. */
  readonly place: FilePlace | null;
}
