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
  if (holdsForeign(observations, judgements)) return foreignTrap(observations, judgements);
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
  if (!isAsWithout) return foreignValueTrap(observations);
  // Not every address answered a reload: one that had none needs no other cause.
  if (reports.length < observations.endpointCount) return 'notLoaded';
  return observations.workers === 1 ? 'otherNamespaceOrRedisUnreachable' : 'staleWorkers';
}

/** True where the server holds, lists or names overrides that are not stored. */
export function holdsForeign(observations: Observations, judgements: readonly PrefixJudgement[]): boolean {
  const { reports, loaded } = observations;
  const isMore =
    reports.some((report) => standingOf(report, loaded) === 'more') || gaugeStandings(observations).has('more');
  return isMore || listsForeignPrefix(observations) || judgements.some(namesForeign);
}

/**
 * What explains values that are neither the stored ones nor the server's own. Overrides of its environment are counted
 * beside the stored ones: a count that Redis explains rules them out, and leaves a process that had no reload.
 */
function foreignValueTrap({ reports, loaded }: Observations): TrapId {
  const isExplained = reports.length > 0 && reports.every((report) => standingOf(report, loaded) === 'explained');
  return isExplained ? 'staleWorkers' : 'environmentOverridesInFront';
}

/** What explains overrides that are not stored: an earlier document, another place, or the server's own environment. */
function foreignTrap(observations: Observations, judgements: readonly PrefixJudgement[]): TrapId {
  if (isFormer(observations, judgements)) return 'notLoaded';
  if (isHeldByOthers(observations)) return 'staleWorkers';
  if (observations.loaded.usableCount === 0) return 'otherNamespaceOrRedisUnreachable';
  if (isInstead(observations)) return 'otherNamespaceOrRedisUnreachable';
  const isForeignValue = judgements.some(({ comparisons }) =>
    comparisons.some(
      ({ kind, isBase, foreignOverride }) => foreignOverride !== null || (kind === 'differs' && !isBase),
    ),
  );
  // Stored routes that read as if there were no override: what the server holds stands somewhere else.
  const isElsewhere = !isForeignValue && !showsStored(observations, judgements);
  if (isElsewhere) return 'otherNamespaceOrRedisUnreachable';
  // Without a reload of its own, a look cannot tell what was removed and not reloaded since from what stands in front.
  return observations.reports.length === 0 ? 'notLoaded' : 'environmentOverridesInFront';
}

/** True where the reloads count no more than is stored, though others are held: they stand instead of the stored ones. */
function isInstead({ reports, loaded }: Observations): boolean {
  const usable = loaded.entries.filter(({ fields }) => fields !== null);
  return (
    reports.length > 0 &&
    reports.every(
      ({ overridesCount, overridePrefixes }) =>
        overridesCount !== null &&
        overridesCount <= usable.length &&
        (overridePrefixes === null || usable.some(({ prefix }) => !overridePrefixes.includes(prefix))),
    )
  );
}

/** True where the reloads themselves count and list what is stored: then what else is shown is another process's. */
function isHeldByOthers({ reports, loaded }: Observations): boolean {
  const stored = new Set(loaded.entries.map(({ prefix }) => prefix));
  return (
    loaded.usableCount > 0 &&
    reports.length > 0 &&
    reports.every((report) => standingOf(report, loaded) === 'explained') &&
    reports.every(({ overridePrefixes }) => (overridePrefixes ?? []).every((prefix) => stored.has(prefix)))
  );
}

/** True where something that was answered shows a stored override as held: a value, its name, a list, or the count. */
export function showsStored(observations: Observations, judgements: readonly PrefixJudgement[]): boolean {
  const { loaded, reports, changed, sample } = observations;
  if (loaded.usableCount === 0) return false;
  if (reports.some((report) => standingOf(report, loaded) === 'explained')) return true;
  if (gaugeStandings(observations).has('explained')) return true;
  if (judgements.some(({ shown, expectation }) => shown > 0 && expectation.winner !== null)) return true;
  const lists = [
    ...reports.map(({ overridePrefixes }) => overridePrefixes ?? []),
    ...[...changed, ...sample].flatMap(({ answers }) => answers.map(({ activeOverrides }) => activeOverrides ?? [])),
  ];
  const usable = loaded.entries.filter(({ fields }) => fields !== null);
  return lists.some((list) => {
    const listed = new Set(list);
    return usable.every(({ prefix }) => listed.has(prefix));
  });
}

/** True where everything that is not stored stood in the document before, so that a reload not sent explains it. */
export function isFormer(observations: Observations, judgements: readonly PrefixJudgement[]): boolean {
  const { reports, changed, sample, metrics, loaded } = observations;
  const former = [...(observations.former ?? []), ...(loaded.vanished ?? []).map(({ prefix }) => prefix)];
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
