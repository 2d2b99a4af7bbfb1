import { diffDocuments, keptDiff, noPlace, type RouteDiff } from './diff.js';
import { scanDocument } from './document.js';
import type { HistoryBody, RouteChange } from './history.js';
import { isKept } from './splices.js';

/** The fields a recorded change touched, from the raw values the history keeps of it. */
export function recordedDiff(body: Pick<HistoryBody, 'routes' | 'splices'>): readonly RouteDiff[] {
  const { routes: changes } = body;
  const document = (side: 'before' | 'after') => {
    const members = changes.flatMap((change) =>
      change[side] === null ? [] : [`${JSON.stringify(change.route)}:${change[side]}`],
    );
    return scanDocument(Buffer.from(`{${members.join(',')}}`));
  };
  const diff = diffDocuments(document('before'), document('after'));
  const moved = changes.filter(({ route }) => !diff.some((each) => each.route === route));
  // The places in this small document are not those in the stored one, which the history does not keep.
  return [
    ...diff.map((each) => ({ ...each, ...noPlace })),
    ...moved.map((change) => (isKept(body, change) ? keptDiff(change) : moveOf(change))),
  ];
}

function moveOf({ route, before, after }: RouteChange): RouteDiff {
  return { route, kind: 'moved', isMoved: true, before, after, fields: [], ...noPlace };
}
