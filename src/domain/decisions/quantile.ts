/** A quantile of a histogram. */
export interface Quantile {
  /** Seconds. */
  readonly seconds: number;
  /** True beyond the last finite edge: then `seconds` is that edge, and the true value lies anywhere above it. */
  readonly isAtLeast: boolean;
}

export interface Edge {
  /** Upper bound, seconds. */
  readonly edge: number;
  /** Observations at or below it; `null`: no data. */
  readonly count: number | null;
}

/**
 * A quantile (`q` from 0 to 1) from cumulative counts, computed as PromQL's `histogram_quantile` does: linear between two
 * edges, counts that fall are raised, equal edges are added. `null`, no data: no observation, no `+Inf` edge, fewer than
 * two edges, or a count that is not a number.
 */
export function quantileOf(q: number, edges: readonly Edge[]): Quantile | null {
  const rising = risingCounts(edges);
  const last = rising.at(-1);
  const finite = rising.at(-2);
  if (last === undefined || finite === undefined || last.edge !== Infinity) return null;
  if (!(last.count > 0)) return null;
  const rank = q * last.count;
  const found = rising.slice(0, -1).findIndex(({ count }) => count >= rank);
  const upper = rising[found];
  if (upper === undefined) return { seconds: finite.edge, isAtLeast: true };
  const lower = rising[found - 1];
  if (lower === undefined && upper.edge <= 0) return { seconds: upper.edge, isAtLeast: false };
  const start = lower?.edge ?? 0;
  const below = lower?.count ?? 0;
  const seconds = start + (upper.edge - start) * ((rank - below) / (upper.count - below));
  // Only the quantile 0, where the first edge has nothing below it.
  return Number.isNaN(seconds) ? null : { seconds, isAtLeast: false };
}

interface Counted {
  readonly edge: number;
  count: number;
}

/** Sorted by edge, equal edges added, no count below the one before; NaN where there was no data. */
function risingCounts(edges: readonly Edge[]): readonly Counted[] {
  const byEdge = new Map<number, number>();
  for (const { edge, count } of edges) byEdge.set(edge, (byEdge.get(edge) ?? 0) + (count ?? Number.NaN));
  const sorted = [...byEdge].map(([edge, count]) => ({ edge, count })).sort((a, b) => a.edge - b.edge);
  sorted.reduce((most, each) => (each.count = each.count < most ? most : each.count), -Infinity);
  return sorted;
}
