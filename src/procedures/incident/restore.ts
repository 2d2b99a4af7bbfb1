import { RlctlError } from '../../domain/errors.js';
import { endCommand, type Incident } from '../../domain/incident/incident.js';
import { entriesToTakeBack, foreignChangeId } from '../../domain/incident/take-back.js';
import {
  documentOf,
  windowOf,
  type Documents,
  type IncidentHistory,
  type IncidentWindow,
} from '../../domain/incident/window.js';
import { scanDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { lostError } from '../../domain/override/lost-history.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent, StorePorts } from '../override/plan.js';
import { standing } from '../override/recorded.js';
import { takeBackIntent, type TakenBack } from '../override/undo-operation.js';
import { readIncidentHistory } from './history.js';

/**
 * Takes back, as one change, exactly what was done to the document since an incident was started, by whomever and however,
 * and nothing that was done before. What ended by itself meanwhile stays ended. A route that cannot be put back is a
 * conflict (5), and so is what somebody does between the question and the write; nothing is written then.
 */
export function restoreIncidentIntent(ports: StorePorts, incident: Incident, ifRevision: string | null): ChangeIntent {
  const what = `incident ${incident.id}`;
  const partOf = [{ kind: 'incident' as const, id: incident.id }];
  return settled(
    takeBackIntent({ command: endCommand, ifRevision, what, partOf }, async (stored) => {
      const lost = lostError(`${what} cannot be taken back`, stored, { kind: 'guard', cure: byHand });
      if (lost !== null) throw lost;
      const history = await readIncidentHistory(ports, incident, stored);
      const window = windowOf(incident, history);
      if (window.isCut) throw notWhole(what);
      return takenBack(documentOf(incident, history), window, { history, stored });
    }),
  );
}

/** Changes that come to nothing together leave nothing to be written. */
function settled(intent: ChangeIntent): ChangeIntent {
  return {
    ...intent,
    edit: async (document, stored): Promise<Edit> => {
      const before = document ?? scanDocument(null);
      const edit = await intent.edit(before, stored);
      return Buffer.from(edit.next).equals(before.bytes) ? noEdit(before) : edit;
    },
  };
}

function takenBack(
  documents: Documents,
  window: IncidentWindow,
  { history, stored }: { readonly history: IncidentHistory; readonly stored: StoredOverrides },
): TakenBack {
  const entries = entriesToTakeBack(window, documents, parseMetadata(stored.metadata));
  const within = new Set(entries.map(({ changeId }) => changeId));
  const stillStanding = [...standing(history.entries.toReversed())].map(({ changeId }) => changeId);
  const undone = stillStanding.filter((id) => within.has(id) && id !== foreignChangeId);
  return { entries, undone, before: (entry) => documents(entry.prev) };
}

const byHand = 'Set the routes by hand, then end it with: rlctl incident end --keep';

function notWhole(what: string): RlctlError {
  return new RlctlError(
    'guard',
    `the history does not reach back to the start of ${what} any more, so not all of it can be taken back`,
    {
      code: 'HISTORY_CUT',
      hint: `See what is left of it: rlctl incident status. ${byHand}`,
    },
  );
}
