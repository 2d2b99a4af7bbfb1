import { matchOverride, startsRoute, unusedPrefixes, type LoadedOverrides } from '../../domain/policy/matching.js';
import type { Randomness } from '../../ports/randomness.js';
import type { ObservationInput } from './observation-input.js';
import { pickSome } from './sampling.js';

const usualSamples = 50;
/** Removed entries whose routes are read all the same. */
const mostRemoved = 4;
/** Entries that the server cannot use and whose routes are read all the same, where there are so many. */
const leastUnused = 8;

/** What a look reads. */
export interface ChosenRoutes {
  /** A route that no stored override matches; `null`: each is matched by one. */
  readonly baseRoute: string | null;
  /** Where the server's own policy is asked for; an empty route it answers without looking at overrides. */
  readonly ownRoute: string | null;
  /** Read as often as it takes to see every worker. */
  readonly watched: readonly string[];
  /** Read once each. */
  readonly others: readonly string[];
  /** How many there are beside the watched ones, read or not. */
  readonly otherCount: number;
}

/** Chooses the routes of a look: the same ones for the same chance. */
export function chooseRoutes(
  loaded: LoadedOverrides,
  input: Pick<ObservationInput, 'changed' | 'witnesses' | 'samples' | 'former'>,
  randomness: Randomness,
): ChosenRoutes {
  const route = `/rlctl-${randomness.hex(8)}`;
  const baseRoute = matchOverride(loaded, route) === null ? route : null;
  const changed = new Set(input.changed);
  const isOther = (prefix: string): boolean => !changed.has(prefix);
  const usable = loaded.entries
    .filter(({ prefix, fields }) => fields !== null && isOther(prefix))
    .map(({ prefix }) => prefix);
  const unused = unusedPrefixes(loaded).filter(isOther);
  // What was removed lately may still be held: only a read of its route tells.
  const removed = changed.size > 0 ? [] : removedAmong(input.former ?? [], loaded);
  // An override that should not be there, and still is, would pass for the server's own policy on any other route.
  const isDoubtful = [...unused, ...removed, ...changed].some((prefix) => startsRoute(prefix, route));
  const ownRoute = isDoubtful && baseRoute !== null ? '' : baseRoute;
  const { witnesses = 1, samples = usualSamples } = input;
  const picked = pickSome(usable, samples + witnesses, randomness);
  // An entry that the server cannot use may hide one that it still holds: only a read of its route tells.
  const doubtful = pickSome(unused, Math.max(witnesses, leastUnused), randomness);
  const count = usable.length + unused.length;
  if (changed.size > 0) {
    const others = inOrder(loaded, [...doubtful, ...picked].slice(0, samples));
    return { baseRoute, ownRoute, watched: [...changed], others, otherCount: count };
  }
  // Where nothing was changed, some stored overrides stand for all: they are read as often as changed ones would be.
  const standing = inOrder(loaded, [...picked.slice(0, witnesses), ...doubtful]);
  const left = removed.slice(0, mostRemoved);
  // Where none is stored, any route shows what a server lists that still holds some.
  const isBare = standing.length + left.length === 0 && input.witnesses !== undefined && baseRoute !== null;
  const others = inOrder(loaded, picked.slice(witnesses, witnesses + samples));
  const watched = isBare ? [baseRoute] : [...standing, ...left];
  return { baseRoute, ownRoute, watched, others, otherCount: count - standing.length };
}

/** Those that are not stored any more. */
function removedAmong(former: readonly string[], { entries, vanished = [] }: LoadedOverrides): readonly string[] {
  if (former.length === 0) return [];
  const stored = new Set([...entries, ...vanished].map(({ prefix }) => prefix));
  return [...new Set(former)].filter((prefix) => !stored.has(prefix));
}

/** The same prefixes as they stand in the document: what is told of them has the same order every time. */
function inOrder({ entries, vanished = [] }: LoadedOverrides, prefixes: readonly string[]): readonly string[] {
  const wanted = new Set(prefixes);
  return [...entries, ...vanished].filter(({ prefix }) => wanted.has(prefix)).map(({ prefix }) => prefix);
}
