import { listsForeignPrefix, standingOf, type CountStanding } from './judge-count.js';
import { isSplit, type PrefixJudgement } from './judge-policy.js';
import type { Observations } from './observations.js';
import type { TrapId } from './traps.js';

/** The known lie that contradicting evidence about loading matches; `null`: none of them. */
export function findTrap(
  observations: Observations,
  changed: readonly PrefixJudgement[],
  sample: readonly PrefixJudgement[],
): TrapId | null {
  const { loaded, reports } = observations;
  if (loaded.droppedBecause !== null) return 'documentDropped';
  const standings = new Set(reports.map((report) => standingOf(report, loaded)));
  if (isMixed(standings) || changed.some(isSplit)) return 'staleWorkers';
  const judgements = [...changed, ...sample];
  if (standings.has('more') || listsForeignPrefix(observations) || judgements.some(namesForeign))
    return 'environmentOverridesInFront';
  if (standings.has('none')) return isReader(observations) ? 'otherNamespaceOrRedisUnreachable' : 'overridesNotRead';
  if (standings.has('fewer')) return 'otherNamespaceOrRedisUnreachable';
  const differing = judgements.filter(({ differing }) => differing > 0);
  if (differing.length === 0) return null;
  if (reports.length === 0) return 'staleWorkers';
  const isAsWithout = differing.every(({ comparisons }) =>
    comparisons.every(({ kind, isBase }) => kind !== 'differs' || isBase),
  );
  if (!isAsWithout) return 'environmentOverridesInFront';
  return observations.workers === 1 ? 'otherNamespaceOrRedisUnreachable' : 'staleWorkers';
}

/** True where some reports fit what is stored and others do not: they come from workers that hold different things. */
export function isMixed(standings: ReadonlySet<CountStanding>): boolean {
  return standings.has('explained') && (standings.has('none') || standings.has('fewer') || standings.has('more'));
}

function namesForeign({ comparisons }: PrefixJudgement): boolean {
  return comparisons.some(({ foreignOverride }) => foreignOverride !== null);
}

/** A server that lists overrides, or was seen with some, reads them: then holding none has another cause. */
function isReader({ reports, changed, known }: Observations): boolean {
  if (known.readsOverrides === true) return true;
  const isListing = changed.some(({ answers }) => answers.some(({ activeOverrides }) => activeOverrides !== undefined));
  return isListing || reports.some(({ overridePrefixes }) => overridePrefixes !== null);
}
