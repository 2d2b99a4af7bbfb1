import type { Revision } from '../revision.js';

/**
 * The command that takes back the change that left this revision: refused where somebody has changed something since,
 * because it would take that back instead.
 */
export function undoCommand(left: Revision): string {
  return `rlctl override undo --if-revision ${left.slice(0, 12)}`;
}
