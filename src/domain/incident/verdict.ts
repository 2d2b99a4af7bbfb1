import type { Evidence, Verdict } from '../proof/proof.js';
import type { NumberedItem, TimelineItem } from './timeline.js';

/** What a look at the servers said of everything that was changed. */
export interface LiveProof {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly diagnosis: string;
  readonly evidence: readonly Pick<Evidence, 'route' | 'verdict'>[];
}

/** The timeline with what a proof made now says of each change that still stands; of the others it says nothing. */
export function withProof(timeline: readonly TimelineItem[], proof: LiveProof): readonly TimelineItem[] {
  const overwritten = overwrittenIn(timeline);
  return timeline.map((item) => {
    if (item.kind !== 'change' || item.takenBackBy !== null || overwritten.has(item.number)) return item;
    return { ...item, verdict: verdictOf(routesOf(item), proof) };
  });
}

/** The routes that a change touched. */
export function routesOf(item: NumberedItem): readonly string[] {
  return item.kind === 'flags' ? [] : (item.diff ?? []).map(({ route }) => route);
}

/** Changes whose every route a later one touched: what is in force now is not theirs. */
function overwrittenIn(timeline: readonly TimelineItem[]): ReadonlySet<number> {
  const later = new Set<string>();
  const found = new Set<number>();
  for (const item of timeline.toReversed()) {
    if (item.kind !== 'change' && item.kind !== 'foreign') continue;
    const routes = routesOf(item);
    if (routes.length > 0 && routes.every((route) => later.has(route))) found.add(item.number);
    for (const route of routes) later.add(route);
  }
  return found;
}

function verdictOf(routes: readonly string[], { verdict, evidence }: LiveProof): Verdict {
  if (verdict === 'proven' || verdict === 'notAttempted') return verdict;
  const own = evidence.filter((each) => each.route !== null && routes.includes(each.route));
  if (own.some((each) => each.verdict === 'contradicted')) return 'contradicted';
  const isShown = own.some((each) => each.verdict === 'proven') && own.every((each) => each.verdict !== 'notProven');
  return isShown ? 'proven' : verdict === 'contradicted' && own.length > 0 ? 'notProven' : verdict;
}
