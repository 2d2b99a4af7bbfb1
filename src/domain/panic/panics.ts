import { usageError, type RlctlError } from '../errors.js';
import type { OperationRef } from '../operation/reference.js';
import { undoneIds, type HistoryBody, type HistoryEntry } from '../override/history.js';
import { splitWords } from '../shell-words.js';
import type { KeptPanic } from './kept.js';
import type { PanicTarget, PanicWay } from './target.js';

/** A panic with what became of it. */
export interface Panic {
  readonly id: string;
  /** As it was typed: `panic bucket financial`. */
  readonly command: string;
  readonly way: PanicWay;
  /** Server time, epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** The prefixes, or the variables, that it changed. */
  readonly changed: readonly string[];
  /** Its changes in the override history; empty: it acted outside the document. */
  readonly changeIds: readonly string[];
  /** `null`: it is open. */
  readonly restored: { readonly atMs: number; readonly actor: string; readonly changeId: string | null } | null;
}

/** The panic that a change is a part of; `null`: none. What takes it back is no part of it. */
export function panicOf(body: Pick<HistoryBody, 'partOf' | 'undoes' | 'alsoUndoes'> | null): OperationRef | null {
  if (body === null || undoneIds(body).length > 0) return null;
  return body.partOf?.find(({ kind }) => kind === 'panic') ?? null;
}

/** The panics that the override history tells of, newest first; one is open while a change of it stands. */
export function recordedPanics(newestFirst: readonly HistoryEntry[]): readonly Panic[] {
  const undoneBy = new Map<string, HistoryEntry>();
  const changes = new Map<string, HistoryEntry[]>();
  for (const entry of newestFirst) {
    if (entry.body === null) continue;
    for (const id of undoneIds(entry.body)) if (!undoneBy.has(id)) undoneBy.set(id, entry);
    const panic = panicOf(entry.body);
    if (panic !== null) changes.set(panic.id, [...(changes.get(panic.id) ?? []), entry]);
  }
  return [...changes].map(([id, entries]) => recordedPanic(id, entries, undoneBy));
}

function recordedPanic(
  id: string,
  newestFirst: readonly HistoryEntry[],
  undoneBy: ReadonlyMap<string, HistoryEntry>,
): Panic {
  const first = newestFirst.at(-1);
  const ends = newestFirst.map(({ changeId }) => undoneBy.get(changeId));
  const [end] = ends;
  const isRestored = ends.every((each) => each !== undefined);
  const { command = '', actor = '', reason = null, ticket = null } = first?.body ?? {};
  return {
    id,
    command,
    way: 'overrides',
    atMs: first?.timeMs ?? 0,
    actor,
    reason,
    ticket,
    changed: [...new Set(newestFirst.toReversed().flatMap(({ body }) => body?.routes.map(({ route }) => route) ?? []))],
    changeIds: newestFirst.map(({ changeId }) => changeId),
    restored:
      isRestored && end !== undefined
        ? { atMs: end.timeMs, actor: end.body?.actor ?? '', changeId: end.changeId }
        : null,
  };
}

/** A panic that acted outside the document. */
export function keptAsPanic({ flags, restored, ...rest }: KeptPanic): Panic {
  return {
    ...rest,
    changed: flags.map(({ record }) => record.variable),
    changeIds: [],
    restored: restored && { ...restored, changeId: null },
  };
}

/** What a recorded command was about; `null`: it cannot be told. */
export function targetOfCommand(command: string): PanicTarget | null {
  const [, kind, value = ''] = splitWords(command);
  if (kind === 'global') return { kind };
  if (kind === 'bucket') return { kind, name: value };
  return kind === 'route' ? { kind, route: value } : null;
}

/**
 * The open panic that is meant: by its id, else the only one. Throws a usage error where there is none, or more than one.
 * `changeId`: that of the change which is to restore it, where it was fixed before; a run that was cut off may have made it.
 */
export function openPanic(panics: readonly Panic[], id: string | null, changeId: string | null = null): Panic {
  const again = changeId === null ? undefined : panics.find(({ restored }) => restored?.changeId === changeId);
  if (again !== undefined) return again;
  const open = panics.filter(({ restored }) => restored === null);
  const [only] = open;
  if (id === null) {
    if (only !== undefined && open.length === 1) return only;
    throw open.length === 0 ? noneOpen() : severalOpen(open);
  }
  const found = panics.find((each) => each.id === id);
  if (found === undefined) throw unknownPanic(id, open);
  if (found.restored === null) return found;
  throw usageError(
    `the panic ${id} was restored already, at ${new Date(found.restored.atMs).toISOString()} by ${found.restored.actor}`,
    'See all of them with: rlctl panic list --all',
    'PANIC_RESTORED',
  );
}

function noneOpen(): RlctlError {
  return usageError(
    'no panic is open: there is nothing to restore',
    'See those that were, with: rlctl panic list --all. Other changes are taken back with: rlctl override undo',
    'NO_PANIC',
  );
}

function severalOpen(open: readonly Panic[]): RlctlError {
  const shown = open.map(({ id, command }) => `${id} (${command})`).join(', ');
  return usageError(
    `${open.length} panics are open: ${shown}`,
    'Name the one to restore: rlctl panic restore ID',
    'PANIC_AMBIGUOUS',
  );
}

function unknownPanic(id: string, open: readonly Panic[]): RlctlError {
  const shown = open.length === 0 ? 'none is open' : `open: ${open.map((each) => each.id).join(', ')}`;
  return usageError(`there is no panic ${id}; ${shown}`, 'See them with: rlctl panic list --all', 'UNKNOWN_PANIC');
}
