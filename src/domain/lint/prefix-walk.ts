import { startsRoute } from '../policy/matching.js';
import type { LintEntry, LintKnowledge } from './subject.js';

/** A text that routes are known to start with, and which entries take it. */
export interface Standing {
  readonly key: string;
  /** The entry of exactly this prefix; `null`: it is a configured route. */
  readonly entry: LintEntry | null;
  /** The bucket it is configured for; `null`: it is an entry's prefix. */
  readonly bucket: string | null;
  /** The first entry in order that the server uses and that starts it, itself included; `null`: none does. */
  readonly winner: LintEntry | null;
  /** The first entry in order that starts it and that the server does not use, itself left out; `null`: none does. */
  readonly unused: LintEntry | null;
}

type Takers = Pick<Standing, 'winner' | 'unused'>;

/** A prefix on the way down to the key in hand. */
interface Frame {
  readonly key: string;
  /** What starts it, without itself. */
  readonly above: Takers;
  /** What starts every key below it. */
  readonly below: Takers;
}

const nobody: Takers = { winner: null, unused: null };

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function firstOf(one: LintEntry | null, other: LintEntry): LintEntry {
  return one !== null && one.index < other.index ? one : other;
}

function joined(above: Takers, entry: LintEntry): Takers {
  return entry.fields === null
    ? { winner: above.winner, unused: firstOf(above.unused, entry) }
    : { winner: firstOf(above.winner, entry), unused: above.unused };
}

/** The prefixes of the key in hand, which stand on a stack as keys are asked for in their sorted order. */
class Ancestors {
  readonly #stack: Frame[] = [];

  /** What starts the key, an entry of exactly this prefix left out unless it was entered before. */
  above(key: string): Takers {
    let top = this.#stack.at(-1);
    while (top !== undefined && !key.startsWith(top.key)) {
      this.#stack.pop();
      top = this.#stack.at(-1);
    }
    if (top === undefined) return nobody;
    // A prefix that ends inside a surrogate pair is on the way, and yet starts nothing here.
    return startsRoute(top.key, key) ? top.below : top.above;
  }

  enter(key: string, above: Takers, below: Takers): void {
    this.#stack.push({ key, above, below });
  }
}

function routesOf(buckets: LintKnowledge['buckets']): readonly { key: string; bucket: string }[] {
  const routes = Array.from(buckets, ([bucket, { routes: keys }]) => keys.map((key) => ({ key, bucket }))).flat();
  return routes.sort((a, b) => compare(a.key, b.key));
}

/**
 * Which entries take each configured route, and each prefix of the document that is not simply its own: where another one
 * wins, or would if the server could use it. In sorted order the prefixes of a key are at hand, each with the first of
 * those above it, so that one walk answers for all keys, whatever their number.
 */
export function notableStandings(
  entries: readonly LintEntry[],
  buckets: LintKnowledge['buckets'],
): readonly Standing[] {
  const ancestors = new Ancestors();
  const routes = routesOf(buckets);
  const notable: Standing[] = [];
  let next = 0;
  const passRoutes = (until: string | null): void => {
    for (let route = routes[next]; route !== undefined; route = routes[next]) {
      if (until !== null && route.key >= until) return;
      notable.push({ ...route, entry: null, ...ancestors.above(route.key) });
      next += 1;
    }
  };
  for (const entry of entries.toSorted((a, b) => compare(a.prefix, b.prefix))) {
    passRoutes(entry.prefix);
    const above = ancestors.above(entry.prefix);
    const below = joined(above, entry);
    if (below.winner !== entry || above.unused !== null) {
      notable.push({ key: entry.prefix, entry, bucket: null, winner: below.winner, unused: above.unused });
    }
    ancestors.enter(entry.prefix, above, below);
  }
  passRoutes(null);
  return notable;
}
