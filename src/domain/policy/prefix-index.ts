import { startsRoute, type LoadedOverride, type LoadedOverrides } from './matching.js';

/**
 * Finds the prefixes that start a route without looking at every prefix: one look-up for each length there is. Prefixes
 * are known by their position; of a repeated one, the first counts.
 */
export class PrefixIndex {
  readonly #byText = new Map<string, number>();
  readonly #lengths: readonly number[];

  constructor(prefixes: readonly string[]) {
    for (const [position, prefix] of prefixes.entries()) {
      if (!this.#byText.has(prefix)) this.#byText.set(prefix, position);
    }
    this.#lengths = [...new Set([...this.#byText.keys()].map(({ length }) => length))].sort((a, b) => a - b);
  }

  /** The position of a prefix; `null`: it is none of them. */
  positionOf(prefix: string): number | null {
    return this.#byText.get(prefix) ?? null;
  }

  /** The positions of all prefixes that the server finds at the start of the route, the shortest first. */
  starting(route: string): readonly number[] {
    const found: number[] = [];
    for (const length of this.#lengths) {
      if (length > route.length) break;
      const prefix = route.slice(0, length);
      const position = this.#byText.get(prefix);
      if (position !== undefined && startsRoute(prefix, route)) found.push(position);
    }
    return found;
  }
}

/** The overrides of a document, quick to match for many routes. */
export class OverrideIndex {
  readonly #index: PrefixIndex;

  constructor(readonly loaded: LoadedOverrides) {
    this.#index = new PrefixIndex(loaded.entries.map(({ prefix }) => prefix));
  }

  /** As `matchOverride`: the first in the document's order that the server can use and that starts the route. */
  winnerOf(route: string): LoadedOverride | null {
    return this.#starting(route).find(({ fields }) => fields !== null) ?? null;
  }

  /** The entry of exactly this prefix; `null`: there is none that the server can use. */
  own(prefix: string): LoadedOverride | null {
    const position = this.#index.positionOf(prefix);
    const entry = position === null ? undefined : this.loaded.entries[position];
    return entry === undefined || entry.fields === null ? null : entry;
  }

  /** The part of the document that has a say in this route, and the entry of `also`, for an explanation of it. */
  around(route: string, also: string | null): LoadedOverrides {
    const entries = this.#starting(route);
    const position = also === null ? null : this.#index.positionOf(also);
    const named = position === null ? undefined : this.loaded.entries[position];
    return { ...this.loaded, entries: named === undefined || entries.includes(named) ? entries : [...entries, named] };
  }

  /** In the document's order. */
  #starting(route: string): readonly LoadedOverride[] {
    if (route === '') return [];
    const { entries } = this.loaded;
    return [...this.#index.starting(route)].sort((a, b) => a - b).flatMap((position) => entries[position] ?? []);
  }
}
