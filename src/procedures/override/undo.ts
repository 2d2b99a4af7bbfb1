import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import { revertEntries } from '../../domain/override/edit.js';
import type { RevertConflict } from '../../domain/override/reversal.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { lastStanding, readHistory } from './recorded.js';

/**
 * Takes back the last change that still stands: the exact bytes where the document is as that change left it, otherwise
 * the touched routes alone. A route that somebody changed since is a conflict (5), and nothing is written. A document
 * that was replaced as a whole comes back as a whole.
 */
export function undoIntent(ports: StorePorts, ifRevision: string | null): ChangeIntent {
  const found: { entry: HistoryEntry | null } = { entry: null };
  return {
    command: 'override undo',
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => found.entry?.changeId ?? null,
    edit: async (document) => {
      const history = await readHistory(ports, (entries) => lastStanding(entries) !== null);
      const entry = lastStanding(history);
      if (entry === null) throw nothingToUndo();
      found.entry = entry;
      const earlier = entry.body?.splices === null ? await readHistory(ports, () => false) : history;
      const oldestFirst = [...earlier].reverse();
      const before = (wanted: HistoryEntry): Uint8Array | null | undefined => documentAt(oldestFirst, wanted.prev);
      const { edit, conflicts } = revertEntries(document ?? scanDocument(null), [entry], before);
      if (conflicts.length > 0) throw cannotUndo(entry, conflicts);
      return edit;
    },
  };
}

function nothingToUndo(): RlctlError {
  return new RlctlError('usage', 'there is no change to take back', {
    code: 'NOTHING_TO_UNDO',
    hint: 'See what was recorded with: rlctl override history',
  });
}

function cannotUndo(entry: HistoryEntry, conflicts: readonly RevertConflict[]): RlctlError {
  const [first] = conflicts;
  return new RlctlError(
    'conflict',
    `change ${entry.changeId} cannot be taken back, ${JSON.stringify(first?.route)}: ${first?.why ?? ''}; nothing was written`,
    {
      code: 'UNDO_CONFLICT',
      hint: 'Look at "rlctl override history" and set the routes by hand.',
      details: {
        changeId: entry.changeId,
        routes: conflicts.map(({ route, expected, found }) => {
          const change = entry.body?.routes.find((each) => each.route === route);
          return { route, base: expected, theirs: found, mine: change?.before ?? null };
        }),
      },
    },
  );
}
