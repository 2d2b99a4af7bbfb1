import type { Revision } from '../revision.js';

/** A change that was made. */
export interface Made {
  readonly revisionBefore: Revision;
  readonly revisionAfter: Revision;
  /** True: it took others back itself, and `undo` would pass it over. */
  readonly isReturn: boolean;
}

/**
 * The command that takes back this change: refused where somebody has changed something since, because it would take that
 * back instead.
 */
export function undoCommand({ revisionBefore, revisionAfter, isReturn }: Made): string {
  const to = isReturn && revisionBefore !== 'none' ? ` --to ${revisionBefore.slice(0, 12)}` : '';
  return `rlctl override undo${to} --if-revision ${revisionAfter.slice(0, 12)}`;
}
