import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import { lostError } from '../../domain/override/lost-history.js';
import { metadataBefore } from '../../domain/override/metadata-change.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import { revertEntries } from '../../domain/override/edit.js';
import type { RevertConflict } from '../../domain/override/reversal.js';
import { addressed, type CommandAddress } from '../../domain/printed-command.js';
import { flipCommand, type FlagFlip } from '../../domain/shadow/flag-flip.js';
import { shellWords } from '../../domain/shell-words.js';
import { assertOwn, behindText, type BehindLast, type TakingBack } from './behind-last.js';
import { emptiedError, type OnceStored } from './lost-document.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { lastStanding, readHistory } from './recorded.js';

/** What the document does not tell: what somebody may mean instead, and what was stored once. */
export interface PastTheDocument extends Partial<OnceStored> {
  readonly by: TakingBack;
  /** The flags that this machine set last through an env file or a program; empty: none that is known. */
  readonly flips: readonly FlagFlip[];
  readonly address: CommandAddress;
}

/**
 * Takes back the last change that still stands: the exact bytes where the document is as that change left it, otherwise
 * the touched routes alone; what was known of them, their end too, comes back with them. A route that somebody changed since is a conflict (5), and nothing is written. A document
 * that was replaced as a whole comes back as a whole. Where the last change took others back, the one before it goes only
 * if `assertOwn` lets it. What was changed past the document is said where it is newer, because another command takes it back.
 */
export function undoIntent(ports: StorePorts, ifRevision: string | null, past: PastTheDocument): ChangeIntent {
  const found: { entry: HistoryEntry | null; behind: BehindLast | null } = { entry: null, behind: null };
  return {
    command: 'override undo',
    routes: [],
    isForced: false,
    ifRevision,
    undoes: () => found.entry?.changeId ?? null,
    restored: () => (found.entry?.body ? metadataBefore(found.entry.body) : new Map()),
    remarks: () => [
      ...(found.behind === null ? [] : [behindText(found.behind)]),
      ...(isNewer(past, found.entry) ? [flagsInstead(past)] : []),
    ],
    edit: async (document, stored) => {
      const history = await readHistory(ports, (entries) => lastStanding(entries) !== null);
      const entry = lastStanding(history);
      if (entry === null)
        throw (
          lostError(nothingText, stored) ??
          (await emptiedError(nothingText, stored, past)) ??
          nothingToUndo(past, history[0] ?? null)
        );
      found.entry = entry;
      const last = history.find(({ kind }) => kind === 'change');
      const isLast = last === undefined || last.changeId === entry.changeId;
      found.behind = isLast ? null : { last, entry, revision: stored.revision };
      if (found.behind !== null) await assertOwn(found.behind, past.by);
      const earlier = entry.body?.splices === null ? await readHistory(ports, () => false) : history;
      const oldestFirst = [...earlier].reverse();
      const before = (wanted: HistoryEntry): Uint8Array | null | undefined => documentAt(oldestFirst, wanted.prev);
      const { edit, conflicts } = revertEntries(document ?? scanDocument(null), [entry], before);
      if (conflicts.length > 0) throw cannotUndo(entry, conflicts);
      return edit;
    },
  };
}

function isNewer({ flips: [flip] }: PastTheDocument, entry: HistoryEntry | null): boolean {
  return flip !== undefined && (entry === null || Date.parse(flip.at) > entry.timeMs);
}

/**
 * How to take back what the document knows nothing of. Only the way out of one bucket's shadow is spelled out: a command
 * that would stop enforcing, or touch many buckets, is not to be pasted from a hint.
 */
function flagsInstead({ flips, address }: PastTheDocument): string {
  const [flip] = flips;
  const last = `the last change from here was "${flipCommand(flips)}" (${flip?.at ?? ''}), which changed no override`;
  const isOne = flips.length === 1 && flip?.isOn === true;
  if (!isOne) return `${last}; is it that one you mean? See: ${addressed('rlctl shadow list', address)}`;
  const back = shellWords(['rlctl', 'shadow', 'off', flip.bucket]);
  return `${last}; is it that one you mean? To take that back: ${addressed(back, address)}`;
}

const nothingText = 'there is no change of an override to take back';

function nothingToUndo(past: PastTheDocument, newest: HistoryEntry | null): RlctlError {
  const recorded = 'See what was recorded with: rlctl override history';
  return new RlctlError('usage', nothingText, {
    code: 'NOTHING_TO_UNDO',
    hint: !isNewer(past, newest) ? recorded : `${recorded}; ${flagsInstead(past)}`,
  });
}

function cannotUndo(entry: HistoryEntry, conflicts: readonly RevertConflict[]): RlctlError {
  const reasons = conflicts.map(({ route, why }) => `${JSON.stringify(route)}: ${why}`);
  return new RlctlError(
    'conflict',
    `change ${entry.changeId} cannot be taken back, ${reasons.join('; ')}; nothing was written`,
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
