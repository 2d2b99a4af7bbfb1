import { usageError, type RlctlError } from '../errors.js';
import type { Origin } from '../operation/origin.js';
import type { OperationRef } from '../operation/reference.js';
import { undoneIds, type HistoryBody, type HistoryEntry } from '../override/history.js';
import { unquoted } from '../shadow/env-file.js';
import type { KnownFlip } from '../shadow/flip-log.js';
import { splitWords } from '../shell-words.js';
import type { Closing, KeptFlag, KeptPanic } from './kept.js';
import { isFlagTakenOut, routesTakenOut } from './taken-out.js';
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
  /** Those that it found as it wants them, and stands on all the same. */
  readonly found: readonly string[];
  /** What of both is still as it wants it, as far as can be told; empty: nothing of it is left. */
  readonly standsOn: readonly string[];
  /** What somebody took out of force since and somebody set again: that is a change of its own, and none of this panic. */
  readonly takenOut: readonly string[];
  /** Its changes in the override history; empty: it made none there. */
  readonly changeIds: readonly string[];
  /** `null`: nobody has closed it. */
  readonly restored: { readonly atMs: number; readonly actor: string; readonly changeId: string | null } | null;
  /** The file in which it set flags, or the program that it ran; absent: neither. */
  readonly place?: string;
  /** Where it was declared; absent: as `place`, or nobody kept it. */
  readonly from?: Origin;
  /** True: it was closed, and what it changed left as it is on purpose. */
  readonly isLeft: boolean;
  /** Prefixes that it changed and that were left to other panics when it was closed without a write; else empty. */
  readonly leaves: readonly string[];
}

/** What stands there now. */
export interface Present {
  /** Whether the stored entry of a prefix is in shadow; `null`: nobody can tell. */
  readonly isShadow: (prefix: string) => boolean | null;
  /** The exact text of a flag's variable; `null`: absent. `undefined`: nobody can tell. */
  readonly flagText: (flag: KeptFlag) => string | null | undefined;
}

/** What is recorded of panics. */
export interface PanicRecords {
  /** The override history, newest first. */
  readonly history: readonly HistoryEntry[];
  readonly kept: readonly KeptPanic[];
  /** The flags that anybody set, as they were told, then those that this machine alone knows of; absent: not known. */
  readonly flips?: readonly KnownFlip[];
}

/** The panic that a change is a part of; `null`: none. What takes it back is no part of it. */
export function panicOf(body: Pick<HistoryBody, 'partOf' | 'undoes' | 'alsoUndoes'> | null): OperationRef | null {
  if (body === null || undoneIds(body).length > 0) return null;
  return body.partOf?.find(({ kind }) => kind === 'panic') ?? null;
}

/**
 * True as long as anything of it stands and nobody has closed it: whoever put it back, by whatever command, and whatever
 * is recorded. What nobody can tell counts as standing.
 */
export function isOpen({ restored, standsOn }: Pick<Panic, 'restored' | 'standsOn'>): boolean {
  return restored === null && standsOn.length > 0;
}

/** Every panic that is recorded, newest first, judged by what stands now. */
export function panicsIn({ history, kept, flips = [] }: PanicRecords, present: Present): readonly Panic[] {
  const undone = endsOf(history);
  const made = new Map<string, HistoryEntry[]>();
  for (const entry of history) {
    const panic = panicOf(entry.body);
    if (panic !== null) made.set(panic.id, [...(made.get(panic.id) ?? []), entry]);
  }
  const recorded = [...made].map(([id, entries]) => {
    const beside = kept.find((each) => each.id === id) ?? null;
    return recordedPanic({ id, entries, beside }, { history, undone }, present);
  });
  const others = kept
    .filter(({ id }) => !made.has(id))
    .map((each) => keptAsPanic(each, { history, undone, flips }, present));
  return [...recorded, ...others].sort((a, b) => b.atMs - a.atMs);
}

/** The newest entry that takes each change back. */
export function endsOf(newestFirst: readonly HistoryEntry[]): ReadonlyMap<string, HistoryEntry> {
  const ends = new Map<string, HistoryEntry>();
  for (const entry of newestFirst) {
    for (const id of entry.body === null ? [] : undoneIds(entry.body)) if (!ends.has(id)) ends.set(id, entry);
  }
  return ends;
}

interface Recorded {
  readonly id: string;
  /** Its changes, newest first. */
  readonly entries: readonly HistoryEntry[];
  /** What is kept of it beside the history; `null`: nothing. */
  readonly beside: KeptPanic | null;
}

function recordedPanic(
  { id, entries, beside }: Recorded,
  { history, undone }: { readonly history: readonly HistoryEntry[]; readonly undone: ReturnType<typeof endsOf> },
  present: Present,
): Panic {
  const first = entries.at(-1);
  const { command = '', actor = '', reason = null, ticket = null } = first?.body ?? {};
  const live = entries.filter(({ changeId }) => !undone.has(changeId));
  const changed = routesOf(entries);
  const found = [...new Set(entries.flatMap(({ body }) => body?.found ?? []))];
  const [newest] = entries;
  const out = routesTakenOut(history.slice(0, newest === undefined ? 0 : history.indexOf(newest)), (each) =>
    undone.has(each),
  );
  const standing = [...new Set([...routesOf(live), ...found])].filter((route) => present.isShadow(route) !== false);
  const standsOn = standing.filter((route) => !out.has(route));
  return {
    id,
    command,
    way: 'overrides',
    atMs: first?.timeMs ?? 0,
    actor,
    reason,
    ticket,
    changed,
    found,
    standsOn,
    takenOut: standing.filter((route) => out.has(route)),
    changeIds: entries.map(({ changeId }) => changeId),
    ...closed(beside?.restored ?? null),
    ...(beside?.restored ? {} : endedBy(restoreOf(id, history), { entries, live, standsOn, undone })),
  };
}

/** What put it back by its name; `null`: nothing did. */
function restoreOf(id: string, history: readonly HistoryEntry[]): HistoryEntry | null {
  const isIt = ({ body }: HistoryEntry): boolean =>
    body !== null &&
    undoneIds(body).length > 0 &&
    (body.partOf?.some((each) => each.kind === 'panic' && each.id === id) ?? false);
  return history.find(isIt) ?? null;
}

/** A panic that was taken back as a change like any other is over as well, where it stands on nothing else. */
function endedBy(
  restore: HistoryEntry | null,
  {
    entries,
    live,
    standsOn,
    undone,
  }: {
    readonly entries: readonly HistoryEntry[];
    readonly live: readonly HistoryEntry[];
    readonly standsOn: readonly string[];
    readonly undone: ReturnType<typeof endsOf>;
  },
): Pick<Panic, 'restored'> {
  const newest = undone.get(entries[0]?.changeId ?? '') ?? null;
  return { restored: endOf(restore ?? (live.length === 0 && standsOn.length === 0 ? newest : null)) };
}

function endOf(entry: HistoryEntry | null): Panic['restored'] {
  return entry && { atMs: entry.timeMs, actor: entry.body?.actor ?? '', changeId: entry.changeId };
}

function routesOf(newestFirst: readonly HistoryEntry[]): readonly string[] {
  return [...new Set(newestFirst.toReversed().flatMap(({ body }) => body?.routes.map(({ route }) => route) ?? []))];
}

/** A panic that made no change of the document. */
function keptAsPanic(
  { flags, found = [], restored, ...rest }: KeptPanic,
  {
    history,
    undone,
    flips,
  }: {
    readonly history: readonly HistoryEntry[];
    readonly undone: ReturnType<typeof endsOf>;
    readonly flips: readonly KnownFlip[];
  },
  present: Present,
): Panic {
  const out = routesTakenOut(
    history.filter(({ timeMs }) => timeMs > rest.atMs),
    (each) => undone.has(each),
  );
  const isOut = (flag: KeptFlag): boolean => isFlagTakenOut(flag, flips);
  const named = (isFound: boolean): readonly string[] =>
    flags.filter((flag) => (flag.isFound ?? false) === isFound).map(({ record }) => record.variable);
  const standing = flags.filter((flag) => {
    const text = present.flagText(flag);
    return text === undefined || (text !== null && unquoted(text) === unquoted(flag.record.wrote ?? ''));
  });
  const shadowed = found.filter((route) => present.isShadow(route) !== false);
  const [first] = flags;
  return {
    ...rest,
    ...(first === undefined ? {} : { place: first.record.place }),
    changed: named(false),
    found: [...named(true), ...found],
    standsOn: [
      ...standing.filter((flag) => !isOut(flag)).map(({ record }) => record.variable),
      ...shadowed.filter((route) => !out.has(route)),
    ],
    takenOut: [
      ...standing.filter(isOut).map(({ record }) => record.variable),
      ...shadowed.filter((route) => out.has(route)),
    ],
    changeIds: [],
    ...closed(restored),
    // It can have put back what others left to it.
    ...(restored === null ? { restored: endOf(restoreOf(rest.id, history)) } : {}),
  };
}

function closed(restored: Closing | null): Pick<Panic, 'restored' | 'isLeft' | 'leaves'> {
  if (restored === null) return { restored, isLeft: false, leaves: [] };
  const { atMs, actor, isLeft = false, leaves = [] } = restored;
  return { restored: { atMs, actor, changeId: null }, isLeft, leaves };
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
  const open = panics.filter(isOpen);
  const [only] = open;
  if (id === null) {
    if (only !== undefined && open.length === 1) return only;
    throw open.length === 0 ? noneOpen() : severalOpen(open);
  }
  const found = panics.find((each) => each.id === id);
  if (found === undefined) throw unknownPanic(id, open);
  if (found.restored === null) return found;
  throw usageError(
    `the panic ${id} was ${found.isLeft ? 'closed' : 'restored'} already, at ${new Date(found.restored.atMs).toISOString()} by ${found.restored.actor}`,
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
  const shown = open.map(({ id, command, actor }) => `${id} (${command}, by ${actor})`).join(', ');
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
