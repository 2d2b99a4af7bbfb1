import { editInSequence } from '../override/batch.js';
import type { OverrideDocument } from '../override/document.js';
import { revertRoutes, type Edit } from '../override/edit.js';
import type { HistoryEntry, RouteChange } from '../override/history.js';
import { outOfShadow } from '../panic/taken-out.js';
import { isAsChanged, setShadow } from './route-shadow.js';
import { winningUnder } from './winning-under.js';

/** What a stage of a rollout sets by overrides; no route is in both. */
export interface StageRoutes {
  readonly shadow: readonly string[];
  readonly enforce: readonly string[];
  /** True of a prefix whose bucket is among those that go into shadow, or that are enforced. */
  readonly isOwn: (prefix: string, goes: 'shadow' | 'enforce') => boolean;
}

/** What stands before the routes of a stage, for a part of them. */
export interface BesideStage {
  /** What goes into shadow with the routes. */
  readonly along: readonly string[];
  /** What ends by itself and goes on as it is: a change that stays would take its end away. */
  readonly ending: readonly string[];
  /** What is in shadow, and may be so by an earlier stage. */
  readonly shadowed: readonly string[];
}

/**
 * The entries that win for a part of the routes of a stage, as a document stands: a panic takes the same along. `hasEnd`:
 * true of an entry that expires.
 */
export function besideStage(
  { bytes }: Pick<OverrideDocument, 'bytes'>,
  { shadow, enforce, isOwn }: StageRoutes,
  hasEnd: (prefix: string) => boolean,
): BesideStage {
  const under = winningUnder(bytes, shadow, (isShadow) => !isShadow).filter((each) => isOwn(each, 'shadow'));
  return {
    along: under.filter((each) => !hasEnd(each)),
    ending: under.filter(hasEnd),
    shadowed: winningUnder(bytes, enforce, (isShadow) => isShadow).filter((each) => isOwn(each, 'enforce')),
  };
}

/** Sets the shadow of a stage's routes, and of nothing else; each value is said, never left out. */
export function setStage(document: OverrideDocument, { shadow, enforce }: Omit<StageRoutes, 'isOwn'>): Edit {
  return editInSequence(document, [
    (current) => setShadow(current, shadow, true),
    (current) => setShadow(current, enforce, false),
  ]);
}

/**
 * Of entries in shadow those that a stage of a rollout, this one or an earlier one, took along and nobody changed since,
 * each with the change that did. `recorded`: the last change of each.
 */
export function takenAlong(
  document: OverrideDocument,
  recorded: ReadonlyMap<string, HistoryEntry>,
): ReadonlyMap<string, HistoryEntry> {
  const isByStage = ({ body }: HistoryEntry): boolean => body?.partOf?.some(({ kind }) => kind === 'rollout') === true;
  return new Map([...recorded].filter(([route, entry]) => isByStage(entry) && isAsChanged(document, route, entry)));
}

/** Puts entries back to what stood before the change that took them along. */
export function giveBack(document: OverrideDocument, taken: ReadonlyMap<string, HistoryEntry>): Edit {
  const reversals = [...taken].flatMap(([route, { body }]) =>
    (body?.routes ?? [])
      .filter((change) => change.route === route)
      .map(({ before, after }) => ({ route, before, wrote: after, previous: null, next: null, isMoved: false })),
  );
  return revertRoutes(document, reversals).edit;
}

/** More than these are for the change itself to show. */
const mostNamed = 5;

/** What a stage did beside its routes, in sentences; empty: nothing. `changes`: what it changed; `routes`: those it is about. */
export function besideTexts(changes: readonly RouteChange[], routes: readonly string[]): readonly string[] {
  const beside = changes.filter(({ route }) => !routes.includes(route));
  const back = outOfShadow(beside);
  const along = beside.map(({ route }) => route).filter((route) => !back.includes(route));
  return [
    ...(along.length === 0 ? [] : [`into shadow as well, for a part of its routes: ${namesOf(along)}`]),
    ...(back.length === 0 ? [] : [`out of shadow, as before an earlier stage took it along: ${namesOf(back)}`]),
  ];
}

function namesOf(prefixes: readonly string[]): string {
  const named = prefixes.slice(0, mostNamed).map((prefix) => JSON.stringify(prefix));
  const left = prefixes.length - named.length;
  return `${named.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}
