import { isSameJson } from '../json.js';
import { undoneIds, type HistoryBody, type HistoryEntry, type RouteChange } from './history.js';

/**
 * By change id: the change that took it back; absent: none did. One that takes several back at once may leave some of them as they are, because
 * they had come to nothing between themselves (set, and ended by itself): these are not in it.
 */
export function takenBackBy(entries: readonly HistoryEntry[]): ReadonlyMap<string, string> {
  // A snapshot bears the id of the change that caused it.
  const changes = entries.filter(({ kind }) => kind === 'change');
  const known = new Map(changes.map((entry) => [entry.changeId, entry] as const));
  return new Map(
    changes.flatMap(({ body, changeId }) =>
      (body === null ? [] : reallyTaken(body, known)).map((id) => [id, changeId] as const),
    ),
  );
}

function reallyTaken(body: HistoryBody, known: ReadonlyMap<string, HistoryEntry>): readonly string[] {
  const ids = undoneIds(body);
  if (ids.length < 2) return ids;
  const newestFirst = ids
    .flatMap((id) => known.get(id) ?? [])
    .toSorted((a, b) => b.sequence - a.sequence)
    .map((entry) => ({ id: entry.changeId, changes: entry.body?.routes ?? [] }));
  const told = new Set(newestFirst.filter(({ changes }) => changes.length > 0).map(({ id }) => id));
  // Of what touched no route, or is not at hand, nothing tells otherwise.
  const taken = new Set(ids.filter((id) => !told.has(id)));
  for (const back of body.routes) for (const id of takenAt(back, newestFirst)) taken.add(id);
  return ids.filter((id) => taken.has(id));
}

/** The changes of a route that lie between what stands there and what it was put back to. */
function takenAt(
  { route, after }: RouteChange,
  newestFirst: readonly { readonly id: string; readonly changes: readonly RouteChange[] }[],
): readonly string[] {
  const taken: string[] = [];
  for (const { id, changes } of newestFirst) {
    const change = changes.find((each) => each.route === route);
    if (change === undefined) continue;
    taken.push(id);
    // What only moved holds the same before and after, and is not where it began.
    if (isSameJson(change.before, after) && !isSameJson(change.before, change.after)) break;
  }
  return taken;
}
