import { listsForeignPrefix, standingOf, type CountStanding } from './judge-count.js';
import { standingsOf } from './judge-metrics.js';
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
  const gauges = gaugeStandings(observations);
  if (isMixed(standings) || isMixed(gauges) || changed.some(isSplit)) return 'staleWorkers';
  const judgements = [...changed, ...sample];
  const isMore = standings.has('more') || gauges.has('more');
  if (isMore || listsForeignPrefix(observations) || judgements.some(namesForeign))
    return isFormer(observations, judgements) ? 'notLoaded' : 'environmentOverridesInFront';
  if (!standings.has('explained') && namesOtherCause(observations)) return 'otherNamespaceOrRedisUnreachable';
  if (standings.has('none')) return isReader(observations) ? 'otherNamespaceOrRedisUnreachable' : 'overridesNotRead';
  if (standings.has('fewer')) return 'otherNamespaceOrRedisUnreachable';
  const differing = judgements.filter(({ differing }) => differing > 0);
  // Without a reload of its own, a look cannot tell a server that was not reloaded from one that does not read.
  if (reports.length === 0) return observations.known.readsOverrides === false ? 'overridesNotRead' : 'notLoaded';
  if (differing.length === 0) return null;
  const isAsWithout = differing.every(({ comparisons }) =>
    comparisons.every(({ kind, isBase }) => kind !== 'differs' || isBase),
  );
  if (!isAsWithout) return 'environmentOverridesInFront';
  return observations.workers === 1 ? 'otherNamespaceOrRedisUnreachable' : 'staleWorkers';
}

/** True where everything that is not stored stood in the document before, so that a reload not sent explains it. */
function isFormer(observations: Observations, judgements: readonly PrefixJudgement[]): boolean {
  const { reports, former = [], changed, sample, metrics, loaded } = observations;
  if (reports.length > 0 || former.length === 0) return false;
  const known = new Set([...former, ...loaded.entries.map(({ prefix }) => prefix)]);
  const named = [
    ...judgements.flatMap(({ comparisons }) => comparisons.flatMap((each) => each.foreignOverride ?? [])),
    ...[...changed, ...sample].flatMap(({ answers }) => answers.flatMap((each) => each.activeOverrides ?? [])),
  ];
  const most = metrics ? Math.max(0, ...standingsOf(metrics, loaded).flatMap(({ values }) => values)) : 0;
  return named.every((prefix) => known.has(prefix)) && most <= known.size;
}

function gaugeStandings({ metrics, loaded }: Observations): ReadonlySet<CountStanding> {
  if (!metrics || metrics.failure !== null) return new Set();
  return new Set(standingsOf(metrics, loaded).flatMap(({ standings }) => standings));
}

/** True where the server itself says that its Redis is away, or counts its decisions in another namespace. */
function namesOtherCause({ withoutRedis, metrics }: Observations): boolean {
  return (withoutRedis ?? []).length > 0 || metrics?.isOtherNamespace === true;
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
