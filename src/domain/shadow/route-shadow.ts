import { isSameJson } from '../json.js';
import { editInSequence } from '../override/batch.js';
import { findMember, rawValue, type OverrideDocument } from '../override/document.js';
import { revertEntries, setOverride, type Edit } from '../override/edit.js';
import type { HistoryEntry } from '../override/history.js';
import { loadOverrides, matchOverride, type OverrideFields } from '../policy/matching.js';

/** The command under which the history keeps it; what `shadow off` looks for. */
export const shadowOnCommand = 'shadow on';

/** Sets the shadow of several routes at once; every other field and byte stays. */
export function setShadow(document: OverrideDocument, routes: readonly string[], isShadow: boolean): Edit {
  return editInSequence(
    document,
    routes.map((route) => (current) => setOverride(current, route, { isShadow })),
  );
}

/** What taking shadow off came to. */
export interface ShadowOff {
  readonly edit: Edit;
  /** The routes put back to what stood before, each with the change that is taken back. */
  readonly restored: ReadonlyMap<string, HistoryEntry>;
  /** The routes without a change to take back: their shadow is set to false. */
  readonly written: readonly string[];
  /** Restored routes that another entry catches and keeps in shadow. */
  readonly covered: readonly CoveredRoute[];
  /** The one change that is taken back as a whole; `null`: none is, or more than that happens. */
  readonly undoes: string | null;
}

/** A route that what stood before leaves to another entry, which is in shadow. */
export interface CoveredRoute {
  readonly route: string;
  readonly by: string;
  readonly fields: OverrideFields;
  /** True: that one went into shadow by the same change, so that the route gets an entry of its own that is not in shadow. */
  readonly isFreed: boolean;
}

/**
 * Takes shadow off routes: what stood before the change that put it on, where the route still holds what that change wrote;
 * `false` otherwise. Where that would leave a route to an entry that the same change put into shadow, it gets that entry's
 * other fields and `false`. `recorded`: the last recorded change of a route; one that is no `shadow on` does not count.
 */
export function takeShadowOff(
  document: OverrideDocument,
  routes: readonly string[],
  recorded: ReadonlyMap<string, HistoryEntry>,
): ShadowOff {
  const restored = new Map(
    routes.flatMap((route) => {
      const entry = recorded.get(route);
      return entry !== undefined && stands(document, route, entry) ? [[route, entry] as const] : [];
    }),
  );
  const entries = [...new Set(restored.values())].sort((a, b) => b.sequence - a.sequence);
  const written = routes.filter((route) => !restored.has(route));
  const parts = entries.map((entry) => partOf(entry, restored));
  const found: { covered: readonly CoveredRoute[] } = { covered: [] };
  const edit = editInSequence(document, [
    (current) => revertEntries(current, parts).edit,
    (current) => setShadow(current, written, false),
    (current) => {
      found.covered = coveredAmong(current, restored);
      return freed(current, found.covered);
    },
  ]);
  const { covered } = found;
  const [only] = parts;
  const isAsBefore = written.length === 0 && !covered.some(({ isFreed }) => isFreed);
  const isWhole = parts.length === 1 && only === entries[0] && isAsBefore;
  return { edit, restored, written, covered, undoes: isWhole ? (only?.changeId ?? null) : null };
}

function coveredAmong(
  { bytes }: OverrideDocument,
  restored: ReadonlyMap<string, HistoryEntry>,
): readonly CoveredRoute[] {
  const loaded = loadOverrides(bytes);
  return [...restored].flatMap(([route, { body }]) => {
    const winner = matchOverride(loaded, route);
    if (winner === null || winner.prefix === route || winner.fields?.isShadow !== true) return [];
    const isFreed = body?.routes.some((each) => each.route === winner.prefix) === true;
    return [{ route, by: winner.prefix, fields: winner.fields, isFreed }];
  });
}

function freed(document: OverrideDocument, covered: readonly CoveredRoute[]): Edit {
  return editInSequence(
    document,
    covered
      .filter(({ isFreed }) => isFreed)
      .map(
        ({ route, fields }) =>
          (current: OverrideDocument) =>
            setOverride(current, route, { ...fields, isShadow: false }),
      ),
  );
}

function stands(document: OverrideDocument, route: string, entry: HistoryEntry): boolean {
  return entry.body?.command === shadowOnCommand && isAsChanged(document, route, entry);
}

/** True where a route holds what this change wrote; one that it removed, or did not change, does not. */
export function isAsChanged(document: OverrideDocument, route: string, { body }: HistoryEntry): boolean {
  const change = body?.routes.find((each) => each.route === route);
  const member = findMember(document, route);
  return change !== undefined && member !== undefined && isSameJson(rawValue(document, member), change.after);
}

/** The change itself where all of its routes are restored, else the part of it that is. */
function partOf(entry: HistoryEntry, restored: ReadonlyMap<string, HistoryEntry>): HistoryEntry {
  const { body } = entry;
  if (body === null) return entry;
  const routes = body.routes.filter(({ route }) => restored.get(route) === entry);
  if (routes.length === body.routes.length) return entry;
  // Of no document is this the revision, so that it is taken back route by route.
  return { ...entry, next: 'none', body: { ...body, routes } };
}
