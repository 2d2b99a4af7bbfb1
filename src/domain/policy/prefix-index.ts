import { startsRoute, type LoadedOverride, type LoadedOverrides } from './matching.js';

/** Answers what `matchOverride` answers, for many routes: a route has few prefixes, one of each length that occurs. */
export class PrefixIndex {
  readonly #entries = new Map<string, { readonly entry: LoadedOverride; readonly index: number }>();
  readonly #lengths = new Set<number>();

  constructor({ entries }: LoadedOverrides) {
    for (const [index, entry] of entries.entries()) {
      if (entry.fields === null) continue;
      this.#entries.set(entry.prefix, { entry, index });
      this.#lengths.add(entry.prefix.length);
    }
  }

  /** The entry of exactly this prefix; `null`: there is none that the server can use. */
  own(prefix: string): LoadedOverride | null {
    return this.#entries.get(prefix)?.entry ?? null;
  }

  /** The override that wins for a route; `null`: none, and always for an empty route. */
  winner(route: string): LoadedOverride | null {
    if (route === '') return null;
    let first: { readonly entry: LoadedOverride; readonly index: number } | null = null;
    for (const length of this.#lengths) {
      if (length > route.length) continue;
      const found = this.#entries.get(route.slice(0, length));
      if (found === undefined || found.index >= (first?.index ?? Infinity)) continue;
      if (startsRoute(found.entry.prefix, route)) first = found;
    }
    return first?.entry ?? null;
  }
}
