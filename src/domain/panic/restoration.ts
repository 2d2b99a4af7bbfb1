import type { HistoryEntry, RouteChange } from '../override/history.js';
import type { Revision } from '../revision.js';
import { isSameJson } from '../json.js';
import { endsOf, isOpen, panicOf, type Panic } from './panics.js';

/** Something that a panic stands on and that is not put back with it, and the open panics that stand on it too. */
export interface Left {
  /** The prefix, or the variable. */
  readonly what: string;
  readonly to: readonly Panic[];
}

/** What restoring a panic takes back of the document. */
export interface Restoration {
  /** The changes, newest first: its own, and those that closed panics left to it. Empty: nothing is to be written. */
  readonly entries: readonly HistoryEntry[];
  /** True of a route of these changes that is to be put back. */
  readonly isTaken: (entry: HistoryEntry, route: string) => boolean;
  readonly left: readonly Left[];
  /** Prefixes of these changes, and of its own, that are left to others, to be recorded. */
  readonly leaves: readonly string[];
  /**
   * The document before the first of the panics that end with this one, where nothing else was changed since: what comes
   * back has its bytes and its order. `null`: others are open, or somebody else wrote in between.
   */
  readonly base: Revision | null;
}

/** The id of the one that puts back what is left: the oldest of those that stand on it. */
export function heirOf(to: readonly Panic[]): string {
  return to.at(-1)?.id ?? '';
}

/** What other open panics stand on, of what one stands on or changed. */
export function leftToOthers(panic: Panic, panics: readonly Panic[]): readonly Left[] {
  const others = panics.filter((each) => each.id !== panic.id && isOpen(each) && each.way === panic.way);
  return [...new Set([...panic.changed, ...panic.found])].flatMap((what) => {
    const to = others.filter(({ standsOn }) => standsOn.includes(what));
    return to.length === 0 ? [] : [{ what, to }];
  });
}

/**
 * What restoring a panic takes back: what another open panic stands on stays and is that one's to put back, so that the
 * last one that is restored brings back what stood before the first. `newestFirst`: the whole history.
 */
export function restorationOf(
  panic: Panic,
  panics: readonly Panic[],
  newestFirst: readonly HistoryEntry[],
): Restoration {
  const left = leftToOthers(panic, panics);
  const kept = new Set(left.map(({ what }) => what));
  const acts = liveActs(panic, panics, newestFirst);
  const taken = new Map<HistoryEntry, Set<string>>();
  for (const route of new Set([...panic.changed, ...panic.found])) {
    if (kept.has(route) || panic.takenOut.includes(route)) continue;
    for (const entry of inOneRun(acts, route)) taken.set(entry, (taken.get(entry) ?? new Set()).add(route));
  }
  // What is taken back in part goes on being left to others with the rest.
  const touched = acts.filter(({ entry }) => isOf(entry, panic) || taken.has(entry));
  const gone = new Set([...taken.values()].flatMap((routes) => [...routes]));
  const others = new Set(
    touched.flatMap(({ routes }) => [...routes]).filter((route) => !gone.has(route) && !panic.takenOut.includes(route)),
  );
  return {
    entries: newestFirst.filter((entry) => taken.has(entry)),
    isTaken: (entry, route) => taken.get(entry)?.has(route) ?? false,
    left,
    leaves: [...others],
    base: panics.some((each) => each.id !== panic.id && isOpen(each)) ? null : revisionBefore(panics, newestFirst),
  };
}

/** The revision before the newest unbroken run of panics and of what took them back. */
function revisionBefore(panics: readonly Panic[], newestFirst: readonly HistoryEntry[]): Revision | null {
  const left = new Set(panics.filter(({ isLeft }) => isLeft).map(({ id }) => id));
  let base: Revision | null = null;
  for (const { kind, snapshotOf, body, prev } of newestFirst) {
    if (kind === 'snapshot' && snapshotOf === 'periodic') continue;
    const panic = body?.partOf?.find((each) => each.kind === 'panic');
    if (panic === undefined || left.has(panic.id)) break;
    base = prev;
  }
  return base;
}

/** A change of a panic with the routes of it that are this panic's to put back. */
interface Act {
  readonly entry: HistoryEntry;
  readonly routes: ReadonlySet<string>;
}

/** What it changed itself and still stands, and what closed ones left to those that stand on it. */
function liveActs(panic: Panic, panics: readonly Panic[], newestFirst: readonly HistoryEntry[]): readonly Act[] {
  const ends = endsOf(newestFirst);
  const closed = new Map(panics.map((each) => [each.id, each]));
  return newestFirst.flatMap((entry) => {
    const id = panicOf(entry.body)?.id;
    if (id === undefined || entry.body === null) return [];
    const all = entry.body.routes.map(({ route }) => route);
    const end = ends.get(entry.changeId);
    const by = closed.get(id);
    const left = end === undefined ? (by?.isLeft === true ? [] : (by?.leaves ?? [])) : (end.body?.leaves ?? []);
    const routes = end === undefined && isOf(entry, panic) ? all : all.filter((route) => left.includes(route));
    return routes.length === 0 ? [] : [{ entry, routes: new Set(routes) }];
  });
}

/** The changes of a route that follow upon one another, newest first: what somebody wrote in between ends them. */
function inOneRun(acts: readonly Act[], route: string): readonly HistoryEntry[] {
  const run: HistoryEntry[] = [];
  let before: string | null | undefined;
  for (const { entry, routes } of acts) {
    const change = routes.has(route) ? changeOf(entry, route) : undefined;
    if (change === undefined) continue;
    if (before !== undefined && !isSameJson(change.after, before)) break;
    run.push(entry);
    ({ before } = change);
  }
  return run;
}

function changeOf({ body }: HistoryEntry, route: string): RouteChange | undefined {
  return body?.routes.find((each) => each.route === route);
}

function isOf({ body }: HistoryEntry, { id }: Panic): boolean {
  return panicOf(body)?.id === id;
}

/** What a panic changed and no longer owns, in a sentence; empty: nothing of the kind. */
export function takenOutRemarks({ takenOut, way }: Panic): readonly string[] {
  if (takenOut.length === 0) return [];
  const names = takenOut.map((what) => (way === 'overrides' ? JSON.stringify(what) : what)).join(', ');
  const stays = takenOut.length === 1 ? 'it stays as it is' : 'they stay as they are';
  return [`${names}: taken out of shadow after this panic and set again since, which is a change of its own: ${stays}`];
}

/** What somebody set on purpose may be what is wanted by now: how a panic is closed then, in a sentence. */
export function leaveHint(id: string): string {
  return `Where what stands there now is as it should be, close the panic and leave it: rlctl panic restore ${id} --leave.`;
}

/** What stays although a panic is restored, in sentences. */
export function leftRemarks(left: readonly Left[]): readonly string[] {
  const by = new Map<string, { readonly panic: Panic; readonly whats: string[] }>();
  for (const { what, to } of left) {
    for (const panic of to) {
      const group = by.get(panic.id) ?? { panic, whats: [] };
      group.whats.push(what);
      by.set(panic.id, group);
    }
  }
  return [...by.values()].map(({ panic: { id, command, actor, way }, whats }) => {
    const names = whats.map((what) => (way === 'overrides' ? JSON.stringify(what) : what)).join(', ');
    const stays = whats.length === 1 ? 'stays as it is' : 'stay as they are';
    return `${id} (${command}, by ${actor}) is open as well and stands on ${names}: ${stays} until that one is restored`;
  });
}
