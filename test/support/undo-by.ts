import { bareAddress } from '../../src/domain/printed-command.js';
import type { TakingBack } from '../../src/procedures/override/behind-last.js';
import type { PastTheDocument } from '../../src/procedures/override/undo.js';

/** What `undo` is told where nothing was changed past the document; `more`: what goes on there, absent: nothing. */
export function undoBy(actor: string, more: Partial<TakingBack> = {}): PastTheDocument {
  const by = { actor: async () => actor, partOf: [], operations: async () => ({ open: [], failures: [] }), ...more };
  return { by, flips: [], address: bareAddress };
}
