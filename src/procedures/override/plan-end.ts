import { formatDuration } from '../../domain/duration.js';
import { findMember, rawValue, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { isAttended, periodMs, type Heartbeat } from '../../domain/override/heartbeat.js';
import type { RouteChange } from '../../domain/override/history.js';
import { writeRouteMetadata, type OverrideMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { neighboursOf } from '../../domain/override/placement.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent } from './plan.js';

interface Planned {
  readonly intent: ChangeIntent;
  readonly metadata: OverrideMetadata;
  readonly edit: Edit;
  readonly untilMs: number | null;
}

/**
 * An edit with the routes added of which no byte changes, but what is known of them: a temporary change that is to stay, or
 * to end at another time, and metadata that comes back.
 */
export function withKept({ document, ...planned }: Planned & { readonly document: OverrideDocument }): Edit {
  const { edit } = planned;
  const touched = new Set(edit.changes.map(({ route }) => route));
  const kept = keptRoutes(planned).filter((route) => !touched.has(route));
  return kept.length === 0
    ? edit
    : { ...edit, changes: [...edit.changes, ...kept.map((route) => keptChange(document, route))] };
}

function keptRoutes({ intent, metadata, untilMs }: Planned): readonly string[] {
  const restored = [...(intent.restored?.() ?? [])].filter(
    ([route, entry]) => textOf(entry) !== textOf(metadata.routes.get(route)),
  );
  const ending =
    intent.end === undefined ? [] : routesOf(intent).filter((route) => isOtherEnd(metadata.routes.get(route), untilMs));
  return [...new Set([...restored.map(([route]) => route), ...ending])];
}

/** What an end that is said is about: the entries of a file only where one is. */
function routesOf(intent: ChangeIntent): readonly string[] {
  return [...intent.routes, ...(isEndSaid(intent) ? (intent.fileRoutes ?? []) : [])];
}

function isEndSaid({ end }: ChangeIntent): boolean {
  return end !== undefined && end.kind !== 'unsaid';
}

/**
 * The metadata that routes of a change have after it, whoever makes it (`null`: none): what the intent brings back, and
 * that of temporary entries of a file of which only the place changes. Where an end is said, no other end goes on.
 */
export function carriedOn(
  intent: ChangeIntent,
  { routes }: OverrideMetadata,
  changes: readonly RouteChange[],
): ReadonlyMap<string, RouteMetadata | null> {
  const restored = intent.restored?.() ?? new Map<string, RouteMetadata | null>();
  if (intent.fileRoutes === undefined) return restored;
  if (isEndSaid(intent)) return new Map([...restored].filter(([, entry]) => entry?.untilMs === undefined));
  const { owner } = intent.terms?.() ?? {};
  const moved = changes.flatMap(({ route, before, after }): (readonly [string, RouteMetadata])[] => {
    const entry = routes.get(route);
    if (after === null || before !== after || entry?.untilMs === undefined) return [];
    return [[route, owner === undefined ? entry : { ...entry, owner }]];
  });
  return new Map([...moved, ...restored]);
}

function textOf(entry: RouteMetadata | null | undefined): string | null {
  return entry ? writeRouteMetadata(entry) : null;
}

/** True where something temporary stands that is to end at another time, or not at all. */
function isOtherEnd(entry: RouteMetadata | undefined, untilMs: number | null): boolean {
  return entry?.untilMs !== undefined && entry.untilMs !== untilMs;
}

function keptChange(document: OverrideDocument, route: string): RouteChange {
  const member = findMember(document, route);
  if (member === undefined) return { route, before: null, after: null, previous: null, next: null };
  const raw = rawValue(document, member);
  return { route, before: raw, after: raw, ...neighboursOf(document, member) };
}

/** What is to be said of ends: those that are cancelled, those that nobody will apply, and an end where nothing would. */
export function endRemarks(
  planned: Planned & { readonly stored: StoredOverrides; readonly isNoop: boolean },
): readonly string[] {
  const { intent, untilMs, isNoop, stored } = planned;
  if (intent.end === undefined) return isNoop ? [] : returning(intent, stored);
  if (isNoop) {
    const isAsked = untilMs !== null && (intent.missing?.() ?? []).length === 0;
    const isEnding = routesOf(intent).some((route) => planned.metadata.routes.get(route)?.untilMs !== undefined);
    return isAsked && !isEnding ? ['what is wanted is already there without an end, so nothing ends'] : [];
  }
  if (untilMs !== null) {
    const why = unattended(stored.heartbeat, stored.serverTimeMs);
    return why === null ? lateRemarks(untilMs, stored) : [`${why}. ${attendCure}`];
  }
  return cancelled(planned);
}

/** What applies ends has to look once to know of one: an end that may come before its next look is told. */
function lateRemarks(untilMs: number, { heartbeat, serverTimeMs }: StoredOverrides): readonly string[] {
  const period = heartbeat === null || heartbeat === 'unknown' ? null : periodMs(heartbeat);
  if (period === null || untilMs - serverTimeMs >= period) return [];
  const every = formatDuration(period);
  return [`what applies ends looks every ${every}: it may be taken back up to ${every} too late`];
}

/** The ends that come back with what they belong to. */
function returning({ restored }: Pick<ChangeIntent, 'restored'>, { serverTimeMs }: StoredOverrides): readonly string[] {
  return [...(restored?.() ?? [])].flatMap(([route, entry]) => {
    if (entry?.untilMs === undefined) return [];
    const end = new Date(entry.untilMs).toISOString();
    const shown = `"${quoteOutside(route)}"`;
    return entry.untilMs > serverTimeMs
      ? [`${shown} is to end at ${end} again`]
      : [`${shown} was to end at ${end}: the next "rlctl override expire" takes it back again`];
  });
}

function cancelled({ intent, metadata, edit }: Planned): readonly string[] {
  const carried = carriedOn(intent, metadata, edit.changes);
  return edit.changes.flatMap(({ route }) => {
    const { untilMs } = metadata.routes.get(route) ?? {};
    if (untilMs === undefined || carried.get(route)?.untilMs === untilMs) return [];
    const end = new Date(untilMs).toISOString();
    return [`"${quoteOutside(route)}" was to end at ${end}: it does not any more`];
  });
}

/** How somebody comes to apply ends. */
export const attendCure =
  'Run from cron: rlctl override expire --every 5m; or leave running: rlctl override expire --watch';

/** Why nobody applies ends; `null`: somebody does, or it is not known. */
export function unattended(heartbeat: Heartbeat | null | 'unknown', nowMs: number): string | null {
  if (heartbeat === 'unknown' || (heartbeat !== null && isAttended(heartbeat, nowMs))) return null;
  return `${lastRun(heartbeat, nowMs)}: nothing will take it back in time`;
}

function lastRun(heartbeat: Heartbeat | null, nowMs: number): string {
  if (heartbeat === null) return 'nothing has ever run that applies ends';
  const by = quoteOutside(heartbeat.by, 60);
  if (periodMs(heartbeat) === null)
    return `what applies ends ran once at ${new Date(heartbeat.atMs).toISOString()}, by hand (${by})`;
  return `what applies ends ran last ${formatDuration(nowMs - heartbeat.atMs)} ago, by ${by}`;
}
