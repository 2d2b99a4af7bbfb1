import { isSameJson, type JsonValue } from '../json.js';
import { findMember, rawValue, type OverrideDocument } from './document.js';
import type { HistoryBody, RecordedMetadata, RouteChange, Splice } from './history.js';
import {
  readRouteMetadata,
  withMetadata,
  writeRouteMetadata,
  type OverrideMetadata,
  type PermanentState,
  type RouteMetadata,
} from './metadata.js';
import { removedKeys } from './splices.js';

/** A change of the document, as far as its metadata follows from it. */
export interface MetadataChange {
  /** The document after the change. */
  readonly after: OverrideDocument;
  readonly changes: readonly RouteChange[];
  readonly splices: readonly Splice[] | null;
  /** Who makes it; what it says of an end, of what stood before or was written is not looked at. */
  readonly author: RouteMetadata;
  /** When what it writes ends, epoch milliseconds; `null`: it stays. */
  readonly untilMs: number | null;
  /** What is brought back as it was (`null`: no metadata), whoever makes the change; other routes are the author's. */
  readonly restored: ReadonlyMap<string, RouteMetadata | null>;
}

/**
 * The metadata after a change. The routes that it touched carry its author; one that ends keeps the last permanent state,
 * through any number of such changes in a row, and one that stays forgets it. All others are reconciled with the document:
 * what was removed past rlctl is dropped, and what was changed past it is marked with the time at which that was seen.
 */
export function metadataAfter(metadata: OverrideMetadata, change: MetadataChange): OverrideMetadata {
  const moved = removedKeys(change.splices ?? []);
  const touched = new Set(change.changes.map(({ route }) => route));
  const updates = [
    ...reconciled(metadata, change.after, change.author.atMs, touched),
    ...change.changes.map((each): readonly [string, RouteMetadata | null] => {
      const known = change.restored.get(each.route);
      if (known !== undefined) return [each.route, known];
      return [each.route, entryAfter(each, metadata.routes.get(each.route), change, moved.has(each.route))];
    }),
  ];
  return withMetadata(metadata, updates);
}

/** True where a route holds what its last change through rlctl left there; also where that is not known. */
export function isAsWritten({ wrote }: RouteMetadata, raw: string | null): boolean {
  return wrote === undefined || isSameJson(wrote, raw);
}

/** The raw value of a route; `null`: it has no entry. */
export function rawIn(document: OverrideDocument, route: string): string | null {
  const member = findMember(document, route);
  return member === undefined ? null : rawValue(document, member);
}

/** What has to change about the metadata of routes that were not touched, because somebody wrote past rlctl. */
function reconciled(
  { routes }: OverrideMetadata,
  document: OverrideDocument,
  nowMs: number,
  touched: ReadonlySet<string>,
): readonly (readonly [string, RouteMetadata | null])[] {
  const updates: (readonly [string, RouteMetadata | null])[] = [];
  for (const [route, entry] of routes) {
    if (touched.has(route)) continue;
    const raw = rawIn(document, route);
    const { pastMs, ...rest } = entry;
    if (raw === null && !isOwedBack(entry)) updates.push([route, null]);
    else if (isAsWritten(entry, raw)) {
      if (pastMs !== undefined) updates.push([route, rest]);
    } else if (pastMs === undefined) updates.push([route, { ...entry, pastMs: nowMs }]);
  }
  return updates;
}

/** True where an end will want to bring an entry back, whoever removed it meanwhile. */
function isOwedBack({ untilMs, previous }: RouteMetadata): boolean {
  return untilMs !== undefined && previous !== undefined && previous.value !== null;
}

function entryAfter(
  change: RouteChange,
  old: RouteMetadata | undefined,
  { author, untilMs }: MetadataChange,
  isMoved: boolean,
): RouteMetadata | null {
  const { changeId, actor, reason, ticket, atMs } = author;
  const owner = author.owner ?? old?.owner;
  const extra = author.extra ?? old?.extra;
  const common = {
    changeId,
    actor,
    reason,
    ticket,
    atMs,
    ...(owner === undefined ? {} : { owner }),
    wrote: change.after,
    ...(extra === undefined ? {} : { extra }),
  };
  // What stays as it was for good, and only gets an owner, has nothing to come back.
  const isOnlyOwned = change.after !== null && change.before === change.after && !isMoved && old?.untilMs === undefined;
  if (untilMs === null || isOnlyOwned) return change.after === null ? null : common;
  const previous = permanentState(change, old, isMoved);
  return change.after === null && previous.value === null ? null : { ...common, untilMs, previous };
}

/** What the end restores: the state before the first of the changes that end. A value left past rlctl is one that stays. */
function permanentState(change: RouteChange, old: RouteMetadata | undefined, isMoved: boolean): PermanentState {
  const isTemporary = old?.untilMs !== undefined && old.previous !== undefined;
  if (isTemporary && isAsWritten(old, change.before)) return { ...old.previous, ...(isMoved ? { isMoved } : {}) };
  const { before: value, previous, next } = change;
  return {
    value,
    previous,
    next,
    ...(isMoved ? { isMoved } : {}),
    ...(old === undefined || isTemporary || value === null ? {} : { by: old }),
  };
}

/** The metadata of these routes as a change's history entry keeps it: what stood before; routes without any are left out. */
export function recordMetadata({ routes }: OverrideMetadata, changes: readonly RouteChange[]): RecordedMetadata {
  return changes.flatMap(({ route }) => {
    const entry = routes.get(route);
    return entry === undefined ? [] : [[route, JSON.parse(writeRouteMetadata(entry)) as JsonValue] as const];
  });
}

/**
 * The metadata that stood before a recorded change, of every route it touched (`null`: none). Empty where the entry was
 * written by a version that did not keep it.
 */
export function metadataBefore({
  routes,
  metadata,
}: Pick<HistoryBody, 'routes' | 'metadata'>): ReadonlyMap<string, RouteMetadata | null> {
  if (!Array.isArray(metadata)) return new Map();
  const known = new Map(metadata.map(([route, value]) => [route, readRouteMetadata(value)] as const));
  return new Map(routes.map(({ route }) => [route, known.get(route) ?? null]));
}
