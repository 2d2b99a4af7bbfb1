import type { DocumentMember, OverrideDocument } from './document.js';

/** A key that both documents hold, with its members. */
export interface CommonMember {
  readonly before: DocumentMember;
  readonly after: DocumentMember;
}

/** The indices (into `values`) of a longest strictly increasing subsequence. */
export function longestIncreasing(values: readonly number[]): readonly number[] {
  const tails: number[] = [];
  const previous: number[] = [];
  for (const [index, value] of values.entries()) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    previous.push(tails[low - 1] ?? -1);
    tails[low] = index;
  }
  const result: number[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) result.push(index);
  return result.reverse();
}

/** The nearest member before this one that is kept; `null`: none. */
function keptBefore(document: OverrideDocument, member: DocumentMember, kept: ReadonlySet<string>): string | null {
  for (let index = member.index - 1; index >= 0; index -= 1) {
    const key = document.members[index]?.key ?? '';
    if (kept.has(key)) return key;
  }
  return null;
}

/**
 * The keys whose place among the common ones changed: as few as explain the new order, and of entries that changed places
 * rather the `named` ones.
 */
export function movedKeys(
  before: OverrideDocument,
  after: OverrideDocument,
  common: readonly CommonMember[],
  named: ReadonlySet<string>,
): ReadonlySet<string> {
  const unnamed = common.filter((pair) => !named.has(pair.after.key));
  const kept = new Set(
    longestIncreasing(unnamed.map((pair) => pair.before.index)).map((index) => unnamed[index]?.after.key ?? ''),
  );
  const moved = new Set<string>();
  for (const { after: member } of unnamed) if (!kept.has(member.key)) moved.add(member.key);
  for (const pair of common) {
    const { key } = pair.after;
    if (!named.has(key)) continue;
    if (keptBefore(before, pair.before, kept) === keptBefore(after, pair.after, kept)) kept.add(key);
    else moved.add(key);
  }
  return moved;
}
