import type { OverrideDocument } from './document.js';
import { revertRoutes, type Edit } from './edit.js';
import type { OverrideMetadata, PermanentState, RouteMetadata } from './metadata.js';
import type { RevertConflict, RouteReversal } from './reversal.js';

/** The command under which the history keeps it. */
export const expireCommand = 'override expire';

/** A temporary change that stands: what it wrote, until when, and what returns then. */
export interface PendingEnd {
  readonly route: string;
  /** Epoch milliseconds, by the server's clock. */
  readonly untilMs: number;
  /** The raw JSON text it left there; `null`: it removed the entry. */
  readonly wrote: string | null;
  /** What returns. */
  readonly previous: PermanentState;
  /** Who made it, and why. */
  readonly metadata: RouteMetadata;
}

/** What ends, the soonest first. An end that does not say what returns is none. */
export function pendingEnds({ routes }: OverrideMetadata): readonly PendingEnd[] {
  const ends = [...routes].flatMap(([route, metadata]) => {
    const { untilMs, wrote, previous } = metadata;
    if (untilMs === undefined || wrote === undefined || previous === undefined) return [];
    return [{ route, untilMs, wrote, previous, metadata }];
  });
  return ends.sort((a, b) => a.untilMs - b.untilMs);
}

/** What taking back temporary changes comes to. */
export interface Expiry {
  readonly edit: Edit;
  /** Those that are over: their routes are as before, and what was known of them then is known again. */
  readonly ended: readonly PendingEnd[];
  /** Those whose route no longer holds what was written: left alone. */
  readonly skipped: readonly (PendingEnd & { readonly conflict: RevertConflict })[];
  /** The metadata of the routes of `ended`; `null`: none. */
  readonly restored: ReadonlyMap<string, RouteMetadata | null>;
}

/** Takes temporary changes back in one edit, the newest first, each to what stood before the first of its kind. */
export function takeBackEnds(document: OverrideDocument, due: readonly PendingEnd[]): Expiry {
  const newestFirst = due.toSorted((a, b) => b.metadata.atMs - a.metadata.atMs);
  const { edit, conflicts } = revertRoutes(document, newestFirst.map(reversalOf));
  const byRoute = new Map(conflicts.map((conflict) => [conflict.route, conflict]));
  const ended = due.filter(({ route }) => !byRoute.has(route));
  return {
    edit,
    ended,
    skipped: due.flatMap((each) => {
      const conflict = byRoute.get(each.route);
      return conflict === undefined ? [] : [{ ...each, conflict }];
    }),
    restored: new Map(
      ended.map(({ route, previous }) => [route, previous.value === null ? null : (previous.by ?? null)]),
    ),
  };
}

function reversalOf({ route, wrote, previous }: PendingEnd): RouteReversal {
  const { value: before, isMoved = false, ...neighbours } = previous;
  return { route, wrote, before, previous: neighbours.previous, next: neighbours.next, isMoved };
}
