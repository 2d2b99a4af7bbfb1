/** Where something stands in a text, as an editor counts: from 1, columns in characters. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** One member of a mapping. */
export interface FileMember {
  readonly key: FileNode;
  readonly value: FileNode;
}

/**
 * One value of a file, whatever syntax it was written in. `at` is its offset in that text. Children are made when they are
 * asked for, so that a file of a hundred thousand entries is never there as a tree.
 */
export type FileNode =
  | { readonly kind: 'map'; readonly at: number; members(): Iterable<FileMember> }
  | { readonly kind: 'list'; readonly at: number; items(): Iterable<FileNode> }
  /** `text`: of a text what it says, of everything else how it is spelled. */
  | { readonly kind: 'text' | 'number' | 'truth' | 'null'; readonly at: number; readonly text: string }
  /** What the syntax knows and such a file must not hold; `why` names it. */
  | { readonly kind: 'unfit'; readonly at: number; readonly why: string };

/** One thing that is wrong with a file. */
export interface FileFault {
  readonly at: number;
  /** What is wrong, with the value. */
  readonly message: string;
  /** What to write instead. */
  readonly cure: string;
}

/** A text read by its syntax alone. */
export interface FileTree {
  /** `null`: the text is not well-formed. */
  readonly root: FileNode | null;
  /** Why it is not; empty: it is. */
  readonly faults: readonly FileFault[];
}

/** Reads YAML; never throws, whatever the text holds. Offsets count UTF-16 units. */
export type ReadYaml = (text: string) => FileTree;

/**
 * Tells the places of offsets. Quick where they ascend, as those of a file's entries do: it goes on from the last one.
 * `isColumn` false: a unit that is no column of its own.
 */
export function placesIn(
  unitAt: (offset: number) => number,
  isColumn: (unit: number) => boolean,
): (offset: number) => TextPlace {
  const reached = { offset: 0, line: 1, column: 1 };
  return (offset) => {
    if (offset < reached.offset) Object.assign(reached, { offset: 0, line: 1, column: 1 });
    for (; reached.offset < offset; reached.offset += 1) {
      const unit = unitAt(reached.offset);
      if (unit === 0x0a) Object.assign(reached, { line: reached.line + 1, column: 1 });
      else if (isColumn(unit)) reached.column += 1;
    }
    return { line: reached.line, column: reached.column };
  };
}
