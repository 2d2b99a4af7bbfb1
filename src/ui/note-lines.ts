import { term } from './term.js';
import type { Theme } from './theme.js';

/** What somebody should know beside a result, a line each; nothing with `--quiet`. */
export function noteLines(remarks: readonly string[], theme: Theme): readonly string[] {
  return theme.isQuiet ? [] : remarks.map((remark) => `${theme.accent('note:')}  ${term(remark)}`);
}
