import { RlctlError, usageError } from '../../domain/errors.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { lostError } from '../../domain/override/lost-history.js';
import { documentAt } from '../../domain/override/replay.js';
import { restoreDocument } from '../../domain/override/restore.js';
import type { Revision } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { emptiedError, type OnceStored } from './lost-document.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory } from './recorded.js';

/** Revisions that are listed where none fits, at most. */
const mostListed = 10;

/**
 * Brings the document of a revision (8 hex digits or more) back to the byte, or as a change (its id) left it; what somebody
 * left past rlctl counts where the history kept it. One change of its own, which undo takes back. Whatever is stored beside
 * goes, so somebody else's change in between is a conflict (5) and never merged.
 */
export function restoreIntent(
  ports: StorePorts,
  wanted: string,
  ifRevision: string | null,
  once: Partial<OnceStored> = {},
): ChangeIntent {
  const found = { restores: null as Revision | null, on: null as Revision | null };
  return {
    command: 'override undo',
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => null,
    terms: () => (found.restores === null ? {} : { restores: found.restores }),
    remarks: () => (found.restores === null ? [] : [`brings back revision ${found.restores.slice(0, 12)} to the byte`]),
    edit: async (document, stored) => {
      if (found.on !== null && found.on !== stored.revision) throw changedMeanwhile(found.on, stored);
      const { revision, bytes } = await findRevision(ports, wanted, stored, once);
      found.restores = revision === stored.revision ? null : revision;
      found.on = stored.revision;
      return restoreDocument(document ?? scanDocument(null), soundDocument(bytes, revision));
    },
  };
}

async function findRevision(
  ports: StorePorts,
  wanted: string,
  stored: StoredOverrides,
  once: Partial<OnceStored>,
): Promise<{ readonly revision: Revision; readonly bytes: Uint8Array }> {
  const newestFirst = await readHistory(ports, () => false);
  const oldestFirst = newestFirst.toReversed();
  const change = newestFirst.find(({ kind, changeId }) => kind === 'change' && changeId === wanted);
  const revisions = [stored.revision, ...newestFirst.flatMap(({ next, prev }) => [next, prev])];
  const named =
    change === undefined ? revisions.filter((each) => each !== 'none' && each.startsWith(wanted)) : [change.next];
  const [revision, other] = new Set(named);
  if (other !== undefined) throw ambiguous(wanted, [...new Set(named)]);
  if (revision === undefined)
    throw (
      lostError(notThereText(wanted), stored) ??
      (await emptiedError(notThereText(wanted), stored, once)) ??
      notThere(wanted, newestFirst, 'the history knows no such revision or change')
    );
  const bytes = revision === stored.revision ? stored.bytes : documentAt(oldestFirst, revision);
  if (bytes == null) throw notThere(wanted, newestFirst, 'what would lead to it is no longer kept');
  return { revision, bytes };
}

function soundDocument(bytes: Uint8Array, revision: Revision): OverrideDocument {
  try {
    return scanDocument(bytes);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    const short = revision.slice(0, 12);
    throw new RlctlError(
      'guard',
      `the document of revision ${short} was broken, and is not brought back: ${error.message}`,
      {
        code: error.code,
        hint: `Look at it with: rlctl override history --document ${short}`,
        details: { revision },
      },
    );
  }
}

function ambiguous(wanted: string, revisions: readonly Revision[]): RlctlError {
  return usageError(
    `--to: "${wanted}" is the beginning of ${revisions.length} revisions`,
    `Give more digits: ${revisions.map((each) => each.slice(0, wanted.length + 8)).join(', ')}.`,
    'REVISION_AMBIGUOUS',
  );
}

function notThereText(wanted: string): string {
  return `--to: nothing leads to "${wanted}"`;
}

/** Says which revisions there are, newest first. */
function notThere(wanted: string, newestFirst: readonly HistoryEntry[], why: string): RlctlError {
  const left = newestFirst.filter(({ next }) => next !== 'none');
  const lines = [...new Map(left.map((entry) => [entry.next, entry])).values()].slice(0, mostListed).map(describe);
  const isMore = left.length > lines.length;
  const list = lines.length === 0 ? ': there is no history yet' : `; there are:\n  ${lines.join('\n  ')}`;
  return new RlctlError('usage', `${notThereText(wanted)}: ${why}${list}`, {
    code: 'REVISION_MISSING',
    hint: `Give a change id, or at least 8 hex digits of a revision.${isMore ? ' There are more in: rlctl override history' : ''}`,
    details: { revisions: left.slice(0, mostListed).map(({ next }) => next) },
  });
}

function describe({ next, timeMs, body, changeId, snapshotOf }: HistoryEntry): string {
  const at = new Date(timeMs).toISOString();
  const who =
    body === null ? (snapshotOf === 'foreign' ? 'somebody past rlctl' : 'a copy') : `${body.actor}, ${body.command}`;
  return `${next.slice(0, 12)}  ${at}  ${who}${body === null ? '' : ` (${changeId})`}`;
}

function changedMeanwhile(on: Revision, stored: StoredOverrides): RlctlError {
  return new RlctlError(
    'conflict',
    'the document was changed underneath, and bringing a whole document back would lose that; nothing was written',
    {
      code: 'CONFLICT',
      hint: 'Look at "rlctl override history", then decide again on what is stored now.',
      details: { shown: on, revision: stored.revision },
    },
  );
}
