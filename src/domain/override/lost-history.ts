import { RlctlError } from '../errors.js';
import { followedBy } from '../followed-by.js';
import { quoteOutside } from '../outside-text.js';
import type { HistoryEntry } from './history.js';
import { parseMetadata } from './metadata.js';

/** A change that the metadata beside the document tells of, and no history. */
export interface LostChange {
  readonly changeId: string;
  readonly route: string;
  readonly actor: string;
  /** Server time, RFC 3339. */
  readonly time: string;
}

/** What a read tells of what was recorded. */
interface RecordSeen {
  readonly metadata: string | null;
  readonly lastEntry: HistoryEntry | null;
}

/** That the history was removed, as a finding; `null`: there is one, or nothing tells of a change. */
export function lostFinding({ metadata, lastEntry }: RecordSeen) {
  const lost = lastEntry === null ? lostChange({ metadata }) : null;
  if (lost === null) return null;
  return { code: 'HISTORY_GONE', message: lostText(lost), hint: followedBy(null, lookFurther) };
}

/**
 * The same for what needs the history: `what` cannot be done without it; `null`: there is one, or nothing tells of a change.
 * `cure`: what to do instead, before what is missing is looked at.
 */
export function lostError(
  what: string,
  seen: RecordSeen,
  { kind, cure }: { readonly kind?: 'usage' | 'guard'; readonly cure?: string } = {},
): RlctlError | null {
  const lost = lostFinding(seen);
  const hint = followedBy(cure, lookFurther);
  return lost && new RlctlError(kind ?? 'usage', `${what}: ${lost.message}`, { code: lost.code, hint });
}

const lookFurther = 'see what else is missing with: rlctl audit verify';

/** What a change has to say that is written where the history was removed; empty: it was not. */
export function anewRemarks({ metadata, lastEntry }: RecordSeen): readonly string[] {
  const lost = lastEntry === null ? lostChange({ metadata }) : null;
  if (lost === null) return [];
  return [
    `the history was removed (the last change known: ${quoteOutside(lost.changeId, 60)} at ${lost.time}), so this begins a new one; where that is meant: rlctl audit verify --anchor none`,
  ];
}

/**
 * The last change that the metadata tells of; where the history is empty, somebody removed it, because rlctl never does.
 * `null`: it tells of none.
 */
export function lostChange({ metadata }: { readonly metadata: string | null }): LostChange | null {
  const [last] = [...parseMetadata(metadata).routes].toSorted(([, a], [, b]) => b.atMs - a.atMs);
  if (last === undefined) return null;
  const [route, { changeId, actor, atMs }] = last;
  return { changeId, route, actor, time: new Date(atMs).toISOString() };
}

/** What it says. */
export function lostText({ changeId, route, actor, time }: LostChange): string {
  return `the history is gone, though changes were recorded: somebody removed it. The last one known is ${quoteOutside(changeId, 60)} of "${quoteOutside(route)}" at ${time} by ${quoteOutside(actor, 60)}; the next change begins a new history`;
}
