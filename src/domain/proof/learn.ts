import { metricLabelsOf } from './judge-metrics.js';
import { standingOf } from './judge-count.js';
import type { PrefixJudgement } from './judge-policy.js';
import type { Observations } from './observations.js';
import type { Evidence, Learned } from './proof.js';
import type { TrapId } from './traps.js';

/** What this proof taught about the server, over what was known of it. */
export function learn(
  seen: Observations,
  changed: readonly PrefixJudgement[],
  enforcement: readonly Evidence[],
  trap: TrapId | null,
): Learned {
  const isShown = changed.some(({ shown, expectation }) => shown > 0 && expectation.winner !== null);
  const isCounted =
    seen.loaded.objectCount > 0 && seen.reports.some((report) => standingOf(report, seen.loaded) === 'explained');
  const isContradicted = enforcement.some(({ verdict }) => verdict === 'contradicted');
  const isProven = enforcement.some((line) => line.verdict === 'proven' && line.isBaseUnknown !== true) && isShown;
  // Another environment's server teaches nothing about this one.
  if (seen.wrongSiteMode !== null)
    return { readsOverrides: seen.known.readsOverrides, enforcesOverrides: seen.known.enforcesOverrides };
  const reads = isShown || isCounted ? true : trap === 'overridesNotRead' && seen.reports.length > 0 ? false : null;
  const enforces = isContradicted && isShown ? false : isProven ? true : null;
  const fresh = [
    ...(reads === null ? [] : (['readsOverrides'] as const)),
    ...(enforces === null ? [] : (['enforcesOverrides'] as const)),
  ];
  return {
    readsOverrides: reads ?? seen.known.readsOverrides,
    enforcesOverrides: enforces ?? seen.known.enforcesOverrides,
    ...(fresh.length === 0 ? {} : { fresh }),
    ...workersSeenIn(seen, changed),
    ...labelsSeenIn(seen),
  };
}

/** Processes told apart: by answers that differ at one moment, or by their metrics. One alone tells nothing. */
function workersSeenIn({ metrics }: Observations, changed: readonly PrefixJudgement[]): Pick<Learned, 'workersSeen'> {
  const seen = Math.max(metrics?.instances.length ?? 0, ...changed.map(({ distinct }) => distinct));
  return seen > 1 ? { workersSeen: seen } : {};
}

function labelsSeenIn({ metrics }: Observations): Pick<Learned, 'metricLabels'> {
  const metricLabels = metrics ? metricLabelsOf(metrics.spellings) : null;
  return metricLabels === null ? {} : { metricLabels };
}
