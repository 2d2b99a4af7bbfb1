import { term } from './term.js';

/** The absolute paths of the files that were written; `null`: it was not wanted. */
export interface WrittenFiles {
  readonly markdown: string | null;
  readonly html: string | null;
}

/** The files that were written, a line each. */
export function fileLines(files: WrittenFiles | null): readonly string[] {
  const written = files === null ? [] : [files.markdown, files.html].flatMap((path) => path ?? []);
  return written.map((path) => `written: ${term(path)}`);
}
