import type { FilePlace } from './located-finding.js';

/** A file that somebody wrote, read as data, of which every part can be found again. */
export interface PlacedFile {
  /** As it was named on the command line; `-`: stdin. */
  readonly file: string;
  /** What it holds, as JSON would say it. */
  readonly value: unknown;
  /**
   * Where the part stands that this path of keys and positions leads to: of a member its key, of a list's item its value.
   * A path that leads nowhere gives the place of the last part that is there.
   */
  placeOf(path: readonly PropertyKey[]): FilePlace;
}

/** `policy-tests.yaml:12:5`, as editors and terminals understand it. */
export function placeText({ file, line, column }: FilePlace): string {
  return `${file}:${line}:${column}`;
}

/** A path of keys and positions as it is written: `steps[2].rlctl`; `whole`: what the empty path is called. */
export function pathText(path: readonly PropertyKey[], whole = 'the file'): string {
  const parts = path.map((part, index) =>
    typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
  );
  return parts.join('') || whole;
}
