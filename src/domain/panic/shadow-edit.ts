import { findMember, type OverrideDocument } from '../override/document.js';
import { setOverride, type Edit, type Placement } from '../override/edit.js';
import { editInSequence } from '../override/batch.js';
import { hidingPrefix } from '../override/diff.js';
import { loadOverrides } from '../policy/matching.js';
import { winningUnder } from '../shadow/winning-under.js';

/** An edit that lets prefixes only observe, and what it did beside setting `shadow` on them. */
export interface ShadowEdit {
  readonly edit: Edit;
  /** Prefixes that stood behind one that took their routes, and were put in front of it, by that one. */
  readonly moved: ReadonlyMap<string, string>;
  /** Entries under a prefix that win before it, and were put into shadow with it. */
  readonly under: readonly string[];
  /** Entries under a prefix that win before it and belong to something else: they go on as they are. */
  readonly left: readonly string[];
  /** Prefixes, and entries under them that win before, which were in shadow already: they need no change, and count on it. */
  readonly found: readonly string[];
}

/**
 * Puts prefixes into shadow so that nothing under them is blocked any more. An existing entry gets `shadow` and keeps every
 * other byte; one that an earlier entry hides goes in front of that one, because its shadow would have no effect there; a
 * new one goes where nothing hides it. An earlier entry under a prefix, which wins for its own routes, gets `shadow` too,
 * unless `isForeign` says that it is none of them.
 */
export function shadowPrefixes(
  document: OverrideDocument,
  prefixes: readonly string[],
  isForeign: (prefix: string) => boolean,
): ShadowEdit {
  const moved = new Map<string, string>();
  const shadowed = editInSequence(
    document,
    prefixes.map((prefix) => (current) => {
      const by = blockingHider(current, prefix, prefixes);
      if (by !== undefined) moved.set(prefix, by);
      return setOverride(current, prefix, { isShadow: true }, inFrontOf(by));
    }),
  );
  const winning = winningUnder(shadowed.next, prefixes, (isShadow) => !isShadow);
  const [left, under] = [winning.filter(isForeign), winning.filter((prefix) => !isForeign(prefix))];
  const edit = editInSequence(document, [
    () => shadowed,
    ...under.map((prefix) => (current: OverrideDocument) => setOverride(current, prefix, { isShadow: true })),
  ]);
  const changed = new Set(edit.changes.map(({ route }) => route));
  const already = winningUnder(document.bytes, prefixes, (isShadow) => isShadow);
  const found = [...prefixes, ...already].filter((prefix) => !changed.has(prefix));
  return { edit, moved, under, left, found };
}

/** Puts every request into shadow by one entry in front of all: the prefix that every route starts with. */
export function shadowEverything(document: OverrideDocument): Edit {
  const [first] = document.members;
  return setOverride(document, '', { isShadow: true }, inFrontOf(first?.key === '' ? undefined : first?.key));
}

/** What takes the routes of an existing entry, and may block them; one that only observes, or is about to, does not. */
function blockingHider(document: OverrideDocument, prefix: string, prefixes: readonly string[]): string | undefined {
  if (findMember(document, prefix) === undefined) return undefined;
  const by = hidingPrefix(document, prefix);
  if (by === undefined || prefixes.includes(by)) return undefined;
  const winner = loadOverrides(document.bytes).entries.find((each) => each.prefix === by);
  return winner?.fields?.isShadow === true ? undefined : by;
}

function inFrontOf(prefix: string | undefined): Placement {
  return prefix === undefined ? { kind: 'auto' } : { kind: 'before', prefix };
}
