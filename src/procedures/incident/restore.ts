import { RlctlError } from '../../domain/errors.js';
import { entriesToTakeBack, foreignChangeId } from '../../domain/incident/take-back.js';
import { documentOf, windowOf, type IncidentHistory } from '../../domain/incident/window.js';
import type { Incident } from '../../domain/incident/incident.js';
import { scanDocument } from '../../domain/override/document.js';
import { revertEntries, type Edit } from '../../domain/override/edit.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent, StorePorts } from '../override/plan.js';
import { standing } from '../override/recorded.js';
import { cannotUndo, metadataBeforeAll } from '../override/undo-operation.js';
import { readIncidentHistory } from './history.js';

/** The command under which the history keeps it. */
export const endCommand = 'incident end';

/**
 * Takes back, as one change, exactly what was done to the document since an incident was started, by whomever and however,
 * and nothing that was done before. What ended by itself meanwhile stays ended. A route that cannot be put back is a
 * conflict (5), and so is what somebody does between the question and the write; nothing is written then.
 */
export function restoreIncidentIntent(ports: StorePorts, incident: Incident, ifRevision: string | null): ChangeIntent {
  const found: { entries: readonly HistoryEntry[]; undone: readonly string[] } = { entries: [], undone: [] };
  const what = `incident ${incident.id}`;
  return {
    command: endCommand,
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => found.undone[0] ?? null,
    alsoUndoes: () => found.undone.slice(1),
    restored: () => metadataBeforeAll(found.entries),
    terms: () => ({ partOf: [{ kind: 'incident', id: incident.id }] }),
    edit: async (document, stored): Promise<Edit> => {
      const before = document ?? scanDocument(null);
      const history = await readIncidentHistory(ports, incident, stored);
      const taken = takenBack(incident, history, stored);
      found.entries = taken.entries;
      found.undone = taken.undone;
      if (taken.isCut) throw notWhole(what);
      const { edit, conflicts } = revertEntries(before, taken.entries, (entry) => taken.documents(entry.prev));
      if (conflicts.length > 0) throw cannotUndo(what, taken.entries, conflicts);
      return Buffer.from(edit.next).equals(before.bytes) ? noEdit(before) : edit;
    },
  };
}

function takenBack(incident: Incident, history: IncidentHistory, { metadata }: StoredOverrides) {
  const documents = documentOf(incident, history);
  const window = windowOf(incident, history);
  const entries = entriesToTakeBack(window, documents, parseMetadata(metadata));
  const within = new Set(entries.map(({ changeId }) => changeId));
  const stillStanding = [...standing(history.entries.toReversed())].map(({ changeId }) => changeId);
  const undone = stillStanding.filter((id) => within.has(id) && id !== foreignChangeId);
  return { entries, documents, undone, isCut: window.isCut };
}

function notWhole(what: string): RlctlError {
  return new RlctlError(
    'guard',
    `the history does not reach back to the start of ${what} any more, so not all of it can be taken back`,
    {
      code: 'HISTORY_CUT',
      hint: 'See what is left of it: rlctl incident status; set the routes by hand, then end it with: rlctl incident end --keep',
    },
  );
}
