import type { LocatedFinding } from '../located-finding.js';
import type { LintSubject } from './subject.js';

/** What a rule has found in a document. */
export interface Discovery {
  /** Byte offset in the document; `null`: it stands nowhere in it. */
  readonly at: number | null;
  /** The prefix it is about; `null`: the document as a whole. */
  readonly route: string | null;
  /** One sentence without its full stop: what is wrong, with the value. */
  readonly message: string;
  /** What to do to the document, a phrase without its full stop. */
  readonly cure: string;
  /** What does it to the stored document: the words after `rlctl`, the command's own as the first of them; `null`: nothing. */
  readonly command: readonly [string, ...string[]] | null;
}

/** One thing that lint looks for: help, the README, SARIF and `--ignore` read the table of these and nothing else. */
export interface LintRule {
  /** Stable for scripts: `hidden-prefix`. */
  readonly name: string;
  readonly severity: LocatedFinding['severity'];
  /** What is found, and why it matters. */
  readonly summary: string;
  /** What to do about it, whatever it was found in. */
  readonly cure: string;
  /** Looks at the document as the server loads it. Never throws. */
  readonly find: (subject: LintSubject) => Iterable<Discovery>;
}
