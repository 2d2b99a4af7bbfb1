import type { JsonValue } from '../json.js';

/** What stood at a prefix before the changes that end by themselves: what their end restores. */
export interface PermanentState {
  /** The raw JSON text of the value; `null`: there was no entry. */
  readonly value: string | null;
  /** The keys that stood beside it; `null`: none. */
  readonly previous: string | null;
  readonly next: string | null;
  /** True: its place was taken since, and has to be restored too. Absent: the entry stayed where it was. */
  readonly isMoved?: boolean;
  /** What was known of that state; absent: nothing. */
  readonly by?: RouteMetadata;
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
  /**
   * The raw JSON text that the change left there; `null`: it removed the entry, and what stood there returns at the end.
   * Absent: it was written by a version that did not say.
   */
  readonly wrote?: string | null;
  /** Server time at which a value that somebody had left past rlctl was first seen, epoch milliseconds; absent: none is. */
  readonly pastMs?: number;
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

/** Epoch milliseconds that are a date. */
function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

function readPrevious(value: JsonValue | undefined): PermanentState | null {
  if (!isObject(value)) return null;
  const fields = fieldsOf(value);
  const by = readRouteMetadata(fields.get('by'));
  return {
    value: textOr(fields.get('value'), null),
    previous: textOr(fields.get('previous'), null),
    next: textOr(fields.get('next'), null),
    ...(fields.get('isMoved') === true ? { isMoved: true } : {}),
    ...(by === null ? {} : { by }),
  };
}

/** Reads one route's metadata, as tolerantly as the whole; `null`: it is no object. */
export function readRouteMetadata(value: JsonValue | undefined): RouteMetadata | null {
  return isObject(value) ? readRoute(value) : null;
}

const known: ReadonlySet<string> = new Set([
  'changeId',
  'actor',
  'reason',
  'ticket',
  'atMs',
  'untilMs',
  'owner',
  'previous',
  'wrote',
  'pastMs',
]);

function readRoute(value: JsonObject): RouteMetadata {
  const { atMs, untilMs, owner, wrote, pastMs } = value;
  const previous = readPrevious(value['previous']);
  const isWider = Object.keys(value).some((name) => !known.has(name));
  return {
    changeId: textOr(value['changeId'], ''),
    actor: textOr(value['actor'], 'unknown'),
    reason: textOr(value['reason'], null),
    ticket: textOr(value['ticket'], null),
    atMs: isTime(atMs) ? atMs : 0,
    ...(isTime(untilMs) ? { untilMs } : {}),
    ...(typeof owner === 'string' ? { owner } : {}),
    ...(previous === null ? {} : { previous }),
    ...(typeof wrote === 'string' || wrote === null ? { wrote } : {}),
    ...(isTime(pastMs) ? { pastMs } : {}),
    ...(isWider ? { extra: new Map(Object.entries(value).filter(([name]) => !known.has(name))) } : {}),
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

function writePrevious({ by, ...state }: PermanentState): string {
  const fields = Object.entries(state).map(([name, value]) => [name, JSON.stringify(value)] as const);
  return writeObject([...fields, ...(by === undefined ? [] : [['by', writeRouteMetadata(by)] as const])]);
}

/** One route's metadata as JSON text. */
export function writeRouteMetadata({ extra, previous, ...known }: RouteMetadata): string {
  const fields: (readonly [string, unknown])[] = [...Object.entries(known), ...(extra ?? [])];
  return writeObject([
    ...fields.filter(([, value]) => value !== undefined).map(([name, value]) => [name, JSON.stringify(value)] as const),
    ...(previous === undefined ? [] : [['previous', writePrevious(previous)] as const]),
  ]);
}

/** The text to store: one JSON object, `v` first. */
export function serialiseMetadata({ routes, extra }: OverrideMetadata): string {
  return writeObject([
    ['v', '1'],
    ['routes', writeObject([...routes].map(([prefix, entry]) => [prefix, writeRouteMetadata(entry)] as const))],
    ...[...extra].map(([name, value]) => [name, JSON.stringify(value)] as const),
  ]);
}
