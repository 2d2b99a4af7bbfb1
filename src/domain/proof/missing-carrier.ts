import type { PrefixJudgement } from './judge-policy.js';
import { standingsOf } from './judge-metrics.js';
import type { Observations } from './observations.js';
import type { Evidence } from './proof.js';

/** What is needed for a proof and was not seen: agreement that shows nothing by itself must be carried by the count. */
export function missingCarrier(
  seen: Observations,
  changed: readonly PrefixJudgement[],
  lines: readonly Evidence[],
): Evidence[] {
  // What contradicts tells already what the server holds.
  if (lines.some(({ verdict }) => verdict === 'contradicted')) return [];
  const isCounted =
    isEveryGaugeRight(seen) ||
    lines.some(({ subject, verdict }) => (subject === 'count' || subject === 'prefixes') && verdict === 'proven');
  const isSampled = lines.some(({ subject, verdict }) => subject === 'sample' && verdict === 'proven');
  const isSilent = changed.some(
    ({ shown, differing, comparisons, reads }) =>
      reads.isBase !== true && shown + differing === 0 && comparisons.length > 0,
  );
  const isNothingStored = seen.loaded.objectCount === 0 && seen.hasPolicyAnswered;
  const isCarried = changed.length > 0 ? !isSilent || isCounted : isCounted || isSampled || isNothingStored;
  // A route that was only asked for is nobody's change: that nothing is stored for it may be the wrong place to look.
  const isUnchanged = changed.length === 0 || seen.isWitness || seen.isAsked === true;
  const isUncounted = isNothingStored && !isCounted && isUnchanged;
  if (isUncounted && seen.reports.length === 0) return [uncounted(seen)];
  if (isCarried) return isUncounted && changed.length === 0 ? [nothingStored] : [];
  const text = isSilent ? silentText(seen, lines) : 'nothing that the server answered shows what it holds';
  const source = seen.reports.length === 0 ? 'GET /rate-limit/policy' : 'POST /config/reload';
  return [{ subject: 'count', verdict: 'notProven', text, source, route: null }];
}

function silentText({ isWitness, isAsked }: Observations, lines: readonly Evidence[]): string {
  const which = isWitness ? 'a stored' : isAsked === true ? 'the' : 'a changed';
  const isPartly = lines.some(({ subject, verdict }) => subject === 'metrics' && verdict === 'proven');
  const count = isPartly ? 'no count of every process' : 'no count';
  return `${which} override equals what the server says without it, and ${count} shows that it is held`;
}

/** True where as many processes as there are show the right number of active overrides. */
function isEveryGaugeRight({ metrics, loaded, workers }: Observations): boolean {
  if (!metrics || metrics.failure !== null) return false;
  const all = standingsOf(metrics, loaded);
  return all.length >= (workers ?? 1) && all.every(({ standings }) => standings.every((each) => each === 'explained'));
}

/** Nothing is stored, and nothing tells whether the server holds nothing either. */
function uncounted({ loaded: { vanished = [] } }: Observations): Evidence {
  const nothing = vanished.length === 0 ? 'no override is stored' : 'no override that a server can use is stored';
  return {
    subject: 'count',
    verdict: 'notProven',
    text: `${nothing}, and nothing that was answered tells how many the server still holds; the answer of a reload counts them`,
    source: 'GET /rate-limit/policy',
    route: null,
  };
}

const nothingStored: Evidence = {
  subject: 'count',
  verdict: 'proven',
  text: 'no override is stored, and the server answers; that does not show that Redis is read',
  source: 'GET /rate-limit/policy',
  route: null,
};
