import type { JsonValue } from '../json.js';
import type { RouteChange } from './history.js';

/** What stood at a prefix before a change that ends by itself: what its end restores. */
export interface PermanentState {
  /** The raw JSON text of the value; `null`: there was no entry. */
  readonly value: string | null;
  /** The keys that stood beside it; `null`: none. */
  readonly previous: string | null;
  readonly next: string | null;
}

/** Who set an entry, why, and until when. */
export interface RouteMetadata {
  readonly changeId: string;
  /** `user@host`, or what the configuration says. */
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** Server time of the change, epoch milliseconds. */
  readonly atMs: number;
  /** When the entry ends, epoch milliseconds; absent: it is permanent. */
  readonly untilMs?: number;
  /** What manages the entry (a file that `sync` applies); absent: nobody but people. */
  readonly owner?: string;
  /** The last permanent state; only where `untilMs` is set. */
  readonly previous?: PermanentState;
  /** Fields that another version of rlctl wrote; they are kept. */
  readonly extra?: ReadonlyMap<string, JsonValue>;
}

/** The metadata sibling of the document. */
export interface OverrideMetadata {
  readonly routes: ReadonlyMap<string, RouteMetadata>;
  /** Fields beside the routes that another version of rlctl wrote; they are kept. */
  readonly extra: ReadonlyMap<string, JsonValue>;
  /** True where the stored text could not be read: `routes` is then empty, and the next write starts anew. */
  readonly isUnreadable: boolean;
}

const nothing: OverrideMetadata = { routes: new Map(), extra: new Map(), isUnreadable: false };

type JsonObject = { readonly [key: string]: JsonValue };

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own fields only, so that `__proto__` is a name like any other. */
function fieldsOf(object: JsonObject): Map<string, JsonValue> {
  return new Map(Object.entries(object));
}

function take(fields: Map<string, JsonValue>, name: string): JsonValue | undefined {
  const value = fields.get(name);
  fields.delete(name);
  return value;
}

function textOr<T>(value: JsonValue | undefined, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}

function readPrevious(value: JsonValue | undefined): PermanentState | null {
  if (!isObject(value)) return null;
  const fields = fieldsOf(value);
  return {
    value: textOr(fields.get('value'), null),
    previous: textOr(fields.get('previous'), null),
    next: textOr(fields.get('next'), null),
  };
}

function readRoute(value: JsonObject): RouteMetadata {
  const fields = fieldsOf(value);
  const atMs = take(fields, 'atMs');
  const untilMs = take(fields, 'untilMs');
  const owner = take(fields, 'owner');
  const previous = readPrevious(take(fields, 'previous'));
  return {
    changeId: textOr(take(fields, 'changeId'), ''),
    actor: textOr(take(fields, 'actor'), 'unknown'),
    reason: textOr(take(fields, 'reason'), null),
    ticket: textOr(take(fields, 'ticket'), null),
    atMs: typeof atMs === 'number' ? atMs : 0,
    ...(typeof untilMs === 'number' ? { untilMs } : {}),
    ...(typeof owner === 'string' ? { owner } : {}),
    ...(previous === null ? {} : { previous }),
    ...(fields.size === 0 ? {} : { extra: fields }),
  };
}

function parseObject(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Reads the metadata sibling; never throws. `null` (absent) and unreadable text: no routes, and the latter is flagged. */
export function parseMetadata(text: string | null): OverrideMetadata {
  if (text === null) return nothing;
  const value = parseObject(text);
  if (value === null) return { ...nothing, isUnreadable: true };
  const extra = fieldsOf(value);
  take(extra, 'v');
  const stored = take(extra, 'routes');
  const routes = new Map<string, RouteMetadata>();
  for (const [prefix, item] of isObject(stored) ? Object.entries(stored) : []) {
    if (isObject(item)) routes.set(prefix, readRoute(item));
  }
  return { routes, extra, isUnreadable: false };
}

/** The metadata with these routes' entries put in; `null` takes one out. */
export function withMetadata(
  metadata: OverrideMetadata,
  updates: Iterable<readonly [prefix: string, entry: RouteMetadata | null]>,
): OverrideMetadata {
  const routes = new Map(metadata.routes);
  for (const [prefix, entry] of updates) {
    if (entry === null) routes.delete(prefix);
    else routes.set(prefix, entry);
  }
  return { ...metadata, routes };
}

/** An object written by hand: assigning to a plain one would lose `__proto__` and reorder digits. */
function writeObject(fields: Iterable<readonly [string, string]>): string {
  return `{${[...fields].map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(',')}}`;
}

function writeRoute({ extra, ...known }: RouteMetadata): string {
  const fields: (readonly [string, unknown])[] = [...Object.entries(known), ...(extra ?? [])];
  return writeObject(
    fields.filter(([, value]) => value !== undefined).map(([name, value]) => [name, JSON.stringify(value)] as const),
  );
}

/** The text to store: one JSON object, `v` first. */
export function serialiseMetadata({ routes, extra }: OverrideMetadata): string {
  return writeObject([
    ['v', '1'],
    ['routes', writeObject([...routes].map(([prefix, entry]) => [prefix, writeRoute(entry)] as const))],
    ...[...extra].map(([name, value]) => [name, JSON.stringify(value)] as const),
  ]);
}

/**
 * The metadata text after a change: the routes that have an entry afterwards carry the change's author, the removed ones
 * lose theirs. `change` without `untilMs` makes an entry permanent again; owner and unknown fields are kept unless given.
 * `null`: nothing was stored, and nothing has to be.
 */
export function changedMetadata(
  text: string | null,
  changes: readonly RouteChange[],
  change: RouteMetadata,
): string | null {
  const metadata = parseMetadata(text);
  const { changeId, actor, reason, ticket, atMs, untilMs, owner, previous } = change;
  const updates = changes.map(({ route, after }): readonly [string, RouteMetadata | null] => {
    if (after === null) return [route, null];
    const old = metadata.routes.get(route);
    const keptOwner = owner ?? old?.owner;
    const extra = change.extra ?? old?.extra;
    return [
      route,
      {
        changeId,
        actor,
        reason,
        ticket,
        atMs,
        ...(untilMs === undefined ? {} : { untilMs }),
        ...(keptOwner === undefined ? {} : { owner: keptOwner }),
        ...(untilMs === undefined || previous === undefined ? {} : { previous }),
        ...(extra === undefined ? {} : { extra }),
      },
    ];
  });
  const next = withMetadata(metadata, updates);
  return text === null && next.routes.size === 0 ? null : serialiseMetadata(next);
}
