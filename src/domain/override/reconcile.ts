import { isSameJson } from '../json.js';
import { rawValue, type DocumentMember, type OverrideDocument } from './document.js';
import type { SplicedEdit } from './entry-edit.js';
import type { RouteChange } from './history.js';
import { longestIncreasing } from './moves.js';
import { hides, neighboursOf } from './placement.js';
import { gapSplices, type Inserted } from './gap-splices.js';
import { utf8Text } from './scanned-text.js';
import { applySplices } from './splices.js';
import { innerMembers, styleOfDocument, styleOfValue, styleOfValues, writeObject, type ObjectStyle } from './style.js';

/** An entry as somebody wants it: the whole value. */
export interface WantedEntry {
  readonly prefix: string;
  /** The JSON text of the value. */
  readonly raw: string;
  /** True: to the byte; false: spaced as the document is. */
  readonly isExact: boolean;
}

/**
 * The edit that makes a document hold the wanted entries (each prefix once), in their order among themselves with the
 * fewest moves. A value that already means the same keeps its bytes. Entries that are not wanted stay where they are,
 * unless `isRemoved`. A new entry stands after the one before it in the list; the first ones before the next one that is
 * there, else where nothing hides them. Every untouched byte stays. Costs about one pass, however much changes.
 */
export function reconcile(
  document: OverrideDocument,
  wanted: readonly WantedEntry[],
  isRemoved: (prefix: string) => boolean = () => false,
): SplicedEdit {
  return new Reconciliation(document, wanted, isRemoved).edit();
}

/** Writes values as a document writes its own. */
function stylist(document: OverrideDocument): (entry: WantedEntry, member: DocumentMember | undefined) => string {
  const memory: { style: ObjectStyle | null } = { style: null };
  return ({ raw, isExact }, member) => {
    if (isExact) return raw;
    const own = member === undefined ? null : styleOfValue(document.bytes, member);
    const style = own ?? (memory.style ??= styleOfValues(document, document.members.length));
    const bytes = Buffer.from(raw);
    const fields = innerMembers(bytes, 0).map(({ keyStart, keyEnd, valueStart, valueEnd }) => {
      const name = JSON.parse(utf8Text(bytes, keyStart, keyEnd)) as string;
      return [name, utf8Text(bytes, valueStart, valueEnd)] as const;
    });
    return writeObject(fields, style);
  };
}

class Reconciliation {
  /** The members that keep their place, by key. */
  readonly #kept = new Set<string>();
  readonly #removed: DocumentMember[] = [];
  readonly #base: DocumentMember[] = [];
  readonly #values = new Map<string, string>();

  constructor(
    readonly document: OverrideDocument,
    readonly wanted: readonly WantedEntry[],
    isRemoved: (prefix: string) => boolean,
  ) {
    const styled = stylist(document);
    const common: DocumentMember[] = [];
    for (const entry of wanted) {
      const member = document.byKey.get(entry.prefix);
      const stored = member === undefined ? null : rawValue(document, member);
      const isSame = stored !== null && isSameJson(stored, entry.raw);
      this.#values.set(entry.prefix, isSame ? stored : styled(entry, member));
      if (member !== undefined) common.push(member);
    }
    for (const index of longestIncreasing(common.map(({ index }) => index))) this.#kept.add(common[index]?.key ?? '');
    for (const member of document.members) {
      if (this.#values.has(member.key)) {
        if (this.#kept.has(member.key)) this.#base.push(member);
      } else if (isRemoved(member.key)) this.#removed.push(member);
      else this.#base.push(member);
    }
  }

  edit(): SplicedEdit {
    const gaps = this.#gaps();
    const splices = gapSplices(this.document, this.#base, gaps, ({ key }) => this.#values.get(key) ?? null);
    const changes = [...this.#removals(), ...this.#settings(gaps)];
    return {
      next: splices.length === 0 ? this.document.bytes : applySplices(this.document.bytes, splices),
      splices,
      changes,
    };
  }

  /** What is to be inserted before each position of the base; the base's length: at the end. */
  #gaps(): ReadonlyMap<number, readonly Inserted[]> {
    const positions = new Map(this.#base.map(({ key }, index) => [key, index]));
    const gaps = new Map<number, Inserted[]>();
    const { colon } = styleOfDocument(this.document);
    let gap = this.#firstGap(positions);
    for (const { prefix } of this.wanted) {
      const position = positions.get(prefix);
      if (position !== undefined) gap = position + 1;
      else {
        const items = gaps.get(gap) ?? [];
        items.push({ prefix, text: this.#textOf(prefix, colon) });
        gaps.set(gap, items);
      }
    }
    return gaps;
  }

  /** Where entries go that stand before any that keeps its place. */
  #firstGap(positions: ReadonlyMap<string, number>): number {
    const next = this.wanted.find(({ prefix }) => positions.has(prefix));
    if (next !== undefined) return positions.get(next.prefix) ?? 0;
    const first = this.wanted[0]?.prefix ?? '';
    const hiding = this.#base.findIndex(({ key }) => hides(key, first));
    return hiding === -1 ? this.#base.length : hiding;
  }

  /** A moved entry keeps the spelling of its key. */
  #textOf(prefix: string, colon: string): string {
    const member = this.document.byKey.get(prefix);
    const raw = this.#values.get(prefix) ?? '';
    if (member === undefined) return JSON.stringify(prefix) + colon + raw;
    return utf8Text(this.document.bytes, member.start, member.valueStart) + raw;
  }

  #removals(): readonly RouteChange[] {
    return this.#removed.map((member) => ({
      route: member.key,
      before: rawValue(this.document, member),
      after: null,
      ...neighboursOf(this.document, member),
    }));
  }

  #settings(gaps: ReadonlyMap<number, readonly Inserted[]>): readonly RouteChange[] {
    const beside = this.#neighboursOfNew(gaps);
    return this.wanted.flatMap(({ prefix }): RouteChange[] => {
      const after = this.#values.get(prefix) ?? '';
      const member = this.document.byKey.get(prefix);
      if (member === undefined) {
        return [{ route: prefix, before: null, after, ...(beside.get(prefix) ?? { previous: null, next: null }) }];
      }
      const before = rawValue(this.document, member);
      if (before === after && this.#kept.has(prefix)) return [];
      return [{ route: prefix, before, after, ...neighboursOf(this.document, member) }];
    });
  }

  /** What stands beside each inserted entry afterwards. */
  #neighboursOfNew(
    gaps: ReadonlyMap<number, readonly Inserted[]>,
  ): ReadonlyMap<string, { readonly previous: string | null; readonly next: string | null }> {
    const found = new Map<string, { readonly previous: string | null; readonly next: string | null }>();
    for (const [gap, items] of gaps) {
      const row = [this.#base[gap - 1]?.key, ...items.map(({ prefix }) => prefix), this.#base[gap]?.key];
      for (const [index, { prefix }] of items.entries()) {
        found.set(prefix, { previous: row[index] ?? null, next: row[index + 2] ?? null });
      }
    }
    return found;
  }
}
