import { isSameJson } from '../json.js';
import { quoteOutside } from '../outside-text.js';
import type { Revision } from '../revision.js';
import { findMember, rawValue, type OverrideDocument } from './document.js';

/** What a file that was dumped from a document does not know: what that document became since. */
export interface DumpAge {
  /** What it was when the file was dumped, as the file says it. */
  readonly revision: Revision;
  readonly liveRevision: Revision;
  /** False: the history does not lead to what it was then, so that nobody can tell what changed since. */
  readonly isKnown: boolean;
  /** The routes at which the file says something else than is stored, and that hold something else than they did then. */
  readonly changedSince: readonly ChangedRoute[];
}

/** A route that changed, and what is known of who did it. */
export interface ChangedRoute {
  readonly route: string;
  /** Who changed it with rlctl last; `null`: nobody that is known. */
  readonly actor: string | null;
  /** True: what stands there is not what that author left. */
  readonly isChangedPast: boolean;
}

/** Those of the routes that hold something else than they did in an earlier document; white space is no difference. */
export function changedBetween(
  earlier: OverrideDocument,
  live: OverrideDocument,
  routes: readonly string[],
): readonly string[] {
  const raw = (document: OverrideDocument, route: string): string | null => {
    const member = findMember(document, route);
    return member === undefined ? null : rawValue(document, member);
  };
  return routes.filter((route) => !isSameJson(raw(earlier, route), raw(live, route)));
}

const mostNamed = 5;

function byText({ actor, isChangedPast }: ChangedRoute): string {
  const by = actor === null ? null : `by ${quoteOutside(actor, 60)}`;
  if (isChangedPast) return ` (past rlctl${by === null ? '' : `; before: ${by}`})`;
  return by === null ? '' : ` (${by})`;
}

/** The same as a remark; `null`: the file takes nothing back that somebody did since. */
export function dumpAgeRemark({ revision, liveRevision, isKnown, changedSince }: DumpAge): string | null {
  const then = `revision ${revision.slice(0, 12)} then, ${liveRevision.slice(0, 12)} now`;
  const moved = `the document changed since this file was dumped: ${then}`;
  if (!isKnown) return `${moved}; the history does not tell what changed since, so this file may take some of it back`;
  if (changedSince.length === 0) return null;
  const named = changedSince.slice(0, mostNamed).map((each) => `"${quoteOutside(each.route)}"${byText(each)}`);
  const more = changedSince.length > mostNamed ? ` and ${changedSince.length - mostNamed} more` : '';
  const was = changedSince.length === 1 ? 'was' : 'were';
  return `${moved}; ${named.join(', ')}${more} ${was} changed since, and this file takes that back`;
}
