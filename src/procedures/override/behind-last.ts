import { RlctlError } from '../../domain/errors.js';
import type { OpenOperation } from '../../domain/operation/open.js';
import { isPartOf, type OperationRef } from '../../domain/operation/reference.js';
import { undoneIds, type HistoryEntry } from '../../domain/override/history.js';
import type { Revision } from '../../domain/revision.js';
import { shellWords } from '../../domain/shell-words.js';
import type { OpenOperations } from '../operation/open-operations.js';

/** Who takes a change back, and what goes on there. */
export interface TakingBack {
  readonly actor: () => Promise<string>;
  /** The longer operations that taking it back is itself a part of; empty: none. */
  readonly partOf: readonly OperationRef[];
  /** Asked only where the answer decides. */
  readonly operations: () => Promise<OpenOperations>;
}

/** The last change where it is none that undo takes back, and the one before it that still stands. */
export interface BehindLast {
  readonly last: HistoryEntry;
  readonly entry: HistoryEntry;
  /** What is stored now. */
  readonly revision: Revision;
}

/**
 * Whoever says "undo" means the last change: what stands behind it is taken back only where they made it themselves, and
 * nothing that is open rests on it. Throws a guard otherwise, with the ways on; and, where nobody can tell whether an
 * operation is open, what asking for it threw.
 */
export async function assertOwn(behind: BehindLast, by: TakingBack): Promise<void> {
  const { partOf = [], actor = '' } = behind.entry.body ?? {};
  if (partOf.some((each) => isPartOf(by.partOf, each))) return;
  const operation = partOf.length === 0 ? null : await openAmong(partOf, by);
  if (operation !== null || actor !== (await by.actor())) throw notTheLast(behind, operation);
}

/** The operation of these that is open; `null`: none is. */
async function openAmong(parts: readonly OperationRef[], by: TakingBack): Promise<OpenOperation | null> {
  const { open, failures } = await by.operations();
  const failed = failures.find(({ kind }) => parts.some((part) => part.kind === kind));
  if (failed !== undefined) throw failed.error;
  return open.find(({ kind, id }) => parts.some((part) => isPartOf([part], { kind, id }))) ?? null;
}

/** Said where the change behind the last one is taken back all the same: it is another one than somebody may mean. */
export function behindText(behind: BehindLast): string {
  const { changeId, body } = behind.entry;
  const redo = redoCommand(behind);
  const back = redo === null ? '' : `; to go back behind it: ${redo}`;
  return `${lastText(behind)}: this takes back the one before it that still stands, "${body?.command ?? ''}" (${changeId})${back}`;
}

function notTheLast(behind: BehindLast, operation: OpenOperation | null): RlctlError {
  const { last, entry } = behind;
  const { command = '', actor = '' } = entry.body ?? {};
  const older = `"${command}"${routesText(entry)} (${entry.changeId}, by ${actor})`;
  const whose =
    operation === null
      ? `is not yours: ${older}`
      : `belongs to the ${operation.kind} ${operation.id}, which is open: ${older}`;
  const redo = redoCommand(behind);
  return new RlctlError(
    'guard',
    `${lastText(behind)}; the one before it that still stands ${whose}; nothing was written`,
    {
      code: 'UNDO_BEHIND_LAST',
      hint: [
        ...(redo === null ? [] : [`To bring back what stood before the last change: ${redo}`]),
        operation === null
          ? `To take back that older change all the same: ${olderCommand(behind)}`
          : `To end the ${operation.kind}, or go on with it: ${operation.commands.join(', or ')}`,
      ].join('. '),
      details: { lastChangeId: last.changeId, changeId: entry.changeId, actor, operation: operation?.id ?? null },
    },
  );
}

function lastText({ last }: BehindLast): string {
  const why = isReturn(last) ? 'which took changes back and is not undone by this' : 'which is not undone by this';
  return `the last change was "${last.body?.command ?? ''}"${routesText(last)} (${last.changeId}), ${why}`;
}

function isReturn({ body }: HistoryEntry): boolean {
  return body !== null && undoneIds(body).length > 0;
}

function routesText({ body }: HistoryEntry): string {
  const { routes = [] } = body ?? {};
  const named = routes.slice(0, 3).map(({ route }) => JSON.stringify(route));
  return named.length === 0 ? '' : ` of ${named.join(', ')}${routes.length > 3 ? ', …' : ''}`;
}

/** Brings back what the last change took away; `null`: it took nothing, or would take along what was written since. */
function redoCommand({ last, revision }: BehindLast): string | null {
  return isReturn(last) && last.next === revision ? toCommand(last.prev) : null;
}

/** A whole document comes back only where nothing but that change would go. */
function olderCommand({ entry, revision }: BehindLast): string {
  const exact = entry.next === revision ? toCommand(entry.prev) : null;
  const [only, ...others] = entry.body?.routes ?? [];
  if (exact !== null) return exact;
  if (only?.before === null && others.length === 0) return shellWords(['rlctl', 'override', 'unset', only.route]);
  return 'set its routes by hand, as they stood before it in: rlctl override history';
}

function toCommand(revision: Revision): string | null {
  return revision === 'none' ? null : `rlctl override undo --to ${revision.slice(0, 12)}`;
}
