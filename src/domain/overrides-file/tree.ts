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
  | { readonly kind: 'list'; readonly at: number; items(): Iterable<FileNode | BrokenText> }
  /** `text`: of a text what it says, of everything else how it is spelled. */
  | { readonly kind: 'text' | 'number' | 'truth' | 'null'; readonly at: number; readonly text: string }
  /** What the syntax knows and such a file must not hold; `why` names it. */
  | { readonly kind: 'unfit'; readonly at: number; readonly why: string };

/** The end of a list that is read while it is told: the text is not well-formed. */
export interface BrokenText {
  readonly kind: 'broken';
  readonly faults: readonly FileFault[];
}

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
