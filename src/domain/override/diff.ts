import { isSameJson, type JsonValue } from '../json.js';
import { isUsableEntry, usabilityIn } from '../policy/entry-reading.js';
import { rawValue, type DocumentMember, type OverrideDocument } from './document.js';
import { readEntryFields } from './entry.js';
import { movedKeys, type CommonMember } from './moves.js';
import { hides } from './placement.js';

/** One field that differs. `undefined`: it is not there. */
export interface FieldDiff {
  readonly name: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** What differs for one route between two documents. */
export interface RouteDiff {
  readonly route: string;
  /**
   * `moved`: the same bytes at another place. A value that changed and moved is `changed`, with `isMoved`. `kept`: the same
   * bytes at the same place, of which only the metadata changed (when it ends).
   */
  readonly kind: 'added' | 'removed' | 'changed' | 'moved' | 'kept';
  /** Its place among the entries that both documents hold is another one. */
  readonly isMoved: boolean;
  /** The raw JSON text of the value; `null`: no entry. */
  readonly before: string | null;
  readonly after: string | null;
  /** The fields that differ; empty where a value is no object, and where only its whitespace differs. */
  readonly fields: readonly FieldDiff[];
  /** Positions from 0; `null`: no entry. */
  readonly fromIndex: number | null;
  readonly toIndex: number | null;
  /**
   * The key directly behind it, before and after; `null`: it is the last, or there is no entry, or no index. Two documents
   * count differently: a neighbour tells a place where the same number on both sides would not.
   */
  readonly fromNext: string | null;
  readonly toNext: string | null;
}

/** What a route has no place for. */
export const noPlace = { fromIndex: null, toIndex: null, fromNext: null, toNext: null } as const;

/** A route that stands as it stood, where only what is known of it changed; its place is not looked up. */
export function keptDiff({ route, before, after }: Pick<RouteDiff, 'route' | 'before' | 'after'>): RouteDiff {
  return { route, kind: 'kept', isMoved: false, before, after, fields: [], ...noPlace };
}

function valuesByName(raw: string | null): ReadonlyMap<string, { raw: string; value: JsonValue }> {
  const fields = raw === null ? [] : (readEntryFields(raw) ?? []);
  return new Map(fields.map(({ name, raw: text, value }) => [name, { raw: text, value }]));
}

function diffFields(before: string | null, after: string | null): readonly FieldDiff[] {
  const [old, current] = [valuesByName(before), valuesByName(after)];
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((name) => !isSameJson(old.get(name)?.raw ?? null, current.get(name)?.raw ?? null))
    .map((name) => ({ name, before: old.get(name)?.value, after: current.get(name)?.value }));
}

function diffOf(route: string, before: Located | null, after: Located | null, isMoved: boolean): RouteDiff {
  const [rawBefore, rawAfter] = [before?.raw ?? null, after?.raw ?? null];
  const changedKind = rawBefore === rawAfter ? 'moved' : 'changed';
  return {
    route,
    kind: before === null ? 'added' : after === null ? 'removed' : changedKind,
    isMoved,
    before: rawBefore,
    after: rawAfter,
    fields: diffFields(rawBefore, rawAfter),
    fromIndex: before?.index ?? null,
    toIndex: after?.index ?? null,
    fromNext: before?.next ?? null,
    toNext: after?.next ?? null,
  };
}

interface Located {
  readonly raw: string;
  readonly index: number;
  readonly next: string | null;
}

function located(document: OverrideDocument, member: DocumentMember): Located {
  const { index } = member;
  return { raw: rawValue(document, member), index, next: document.members[index + 1]?.key ?? null };
}

function isSameValue(before: OverrideDocument, after: OverrideDocument, pair: CommonMember): boolean {
  const [from, to] = [pair.before.valueStart, pair.after.valueStart];
  const length = pair.before.valueEnd - from;
  if (length !== pair.after.valueEnd - to) return false;
  for (let at = 0; at < length; at += 1) if (before.bytes[from + at] !== after.bytes[to + at]) return false;
  return true;
}

/** The members between what both documents have in common, byte by byte, at their start and at their end. */
interface Window {
  readonly before: readonly DocumentMember[];
  readonly after: readonly DocumentMember[];
}

function windowOf(before: OverrideDocument, after: OverrideDocument): Window {
  const [left, right] = [before.bytes, after.bytes];
  const length = Math.min(left.length, right.length);
  const isSame = (size: number, from: (bytes: Uint8Array) => number): boolean =>
    Buffer.compare(left.subarray(from(left), from(left) + size), right.subarray(from(right), from(right) + size)) === 0;
  const head = longest(length, (from, to) => isSame(to - from, () => from));
  const tail = longest(length - head, (from, to) => isSame(to - from, (bytes) => bytes.length - to));
  // A member counts as common only with the byte beside it: `1` is the start of `12`.
  const outside = ({ members, bytes }: OverrideDocument): Window['before'] =>
    members.slice(
      longest(members.length, (_, to) => (members[to - 1]?.end ?? 0) < head),
      longest(members.length, (_, to) => (members[to - 1]?.start ?? 0) <= bytes.length - tail),
    );
  return { before: outside(before), after: outside(after) };
}

/** The largest number up to `most` such that `holds` for all below it; asked only of the part that is not known yet. */
function longest(most: number, holds: (from: number, to: number) => boolean): number {
  let known = 0;
  for (let end = most; known < end;) {
    const middle = Math.ceil((known + end) / 2);
    if (holds(known, middle)) known = middle;
    else end = middle - 1;
  }
  return known;
}

/**
 * What differs between two documents, in the order of the later one; removed entries at their old position. Formatting
 * between entries is no difference. `named`: the routes meant to change, preferred where it could have been either of two
 * that moved.
 */
export function diffDocuments(
  before: OverrideDocument,
  after: OverrideDocument,
  named: ReadonlySet<string> = new Set(),
): readonly RouteDiff[] {
  const { before: old, after: current } = windowOf(before, after);
  const common: CommonMember[] = [];
  for (const member of current) {
    const earlier = before.byKey.get(member.key);
    if (earlier !== undefined) common.push({ before: earlier, after: member });
  }
  const moved = movedKeys(before, after, common, named);
  const changed = common
    .filter((pair) => moved.has(pair.after.key) || !isSameValue(before, after, pair))
    .map((pair) =>
      diffOf(pair.after.key, located(before, pair.before), located(after, pair.after), moved.has(pair.after.key)),
    );
  const added = current
    .filter(({ key }) => !before.byKey.has(key))
    .map((member) => diffOf(member.key, null, located(after, member), false));
  const removed = old
    .filter(({ key }) => !after.byKey.has(key))
    .map((member) => diffOf(member.key, located(before, member), null, false));
  return [...removed, ...changed, ...added].toSorted(
    (left, right) => (left.toIndex ?? left.fromIndex ?? 0) - (right.toIndex ?? right.fromIndex ?? 0),
  );
}

function canHide(document: OverrideDocument, member: DocumentMember): boolean {
  return isUsableEntry(document.bytes.subarray(member.valueStart, member.valueEnd));
}

/**
 * The first earlier prefix that takes every route this one could match; `undefined`: it can win. Entries that the server
 * skips or drops hide nothing. A route that has no entry: `undefined`.
 */
export function hidingPrefix(document: OverrideDocument, route: string): string | undefined {
  const member = document.byKey.get(route);
  if (member === undefined) return undefined;
  const earlier = document.members.slice(0, member.index);
  return earlier.find((other) => hides(other.key, route) && canHide(document, other))?.key;
}

/** Prefixes that can hide later ones, with their positions. */
class Hiders {
  readonly #positions = new Map<string, number>();
  readonly #lengths = new Set<number>();

  add({ key, index }: DocumentMember): void {
    this.#positions.set(key, index);
    this.#lengths.add(key.length);
  }

  /** The first of them that hides the key. A key has few prefixes: one of each length that occurs. */
  firstOf(key: string): string | undefined {
    let first: { readonly prefix: string; readonly index: number } | undefined;
    for (const length of this.#lengths) {
      const prefix = key.slice(0, length);
      const index = this.#positions.get(prefix);
      if (index === undefined || index >= (first?.index ?? Infinity) || !hides(prefix, key)) continue;
      first = { prefix, index };
    }
    return first?.prefix;
  }
}

/** Which entries are hidden, found out entry by entry and only as far as is asked: a document may hold 100,000. */
export class HiddenPrefixes {
  readonly #document: OverrideDocument;
  readonly #isUsable: (valueStart: number) => boolean;
  readonly #hiders = new Hiders();
  readonly #hidden = new Map<string, string>();
  #reached = 0;

  constructor(document: OverrideDocument) {
    this.#document = document;
    this.#isUsable = usabilityIn(document.bytes);
  }

  /** The first earlier prefix that hides this member; `undefined`: it can win. */
  hiderOf({ key, index }: DocumentMember): string | undefined {
    this.#reach(index);
    return this.#hidden.get(key);
  }

  /** Every hidden prefix with its hider. */
  all(): ReadonlyMap<string, string> {
    this.#reach(this.#document.members.length - 1);
    return this.#hidden;
  }

  #reach(index: number): void {
    for (; this.#reached <= index; this.#reached += 1) {
      const member = this.#document.members[this.#reached];
      if (member === undefined) return;
      const first = this.#hiders.firstOf(member.key);
      if (first !== undefined) this.#hidden.set(member.key, first);
      // A hidden entry hides nothing that its own hider does not, so only the others need to be read.
      else if (this.#isUsable(member.valueStart)) this.#hiders.add(member);
    }
  }
}

/** Every hidden prefix of the document with the first earlier prefix that hides it. For one route, `hidingPrefix` is cheaper. */
export function hiddenBy(document: OverrideDocument): ReadonlyMap<string, string> {
  return new HiddenPrefixes(document).all();
}
