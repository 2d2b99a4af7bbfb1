import type { LoadedOverrides } from '../policy/matching.js';
import { startsRoute } from '../policy/matching.js';
import { listFault } from './judge-count.js';
import { standingsOf } from './judge-metrics.js';
import type { PrefixJudgement } from './judge-policy.js';
import type { Observations } from './observations.js';
import type { Evidence } from './proof.js';

// A list or a count that is not the stored document's shows that the server has not loaded the latest one. Where only some
// routes were asked for, that is said beside them, unless it may decide about their requests.

/** True where named routes are judged by themselves: a reload's answer would speak for the whole document. */
export function judgesAlone({ isAsked, reports }: Pick<Observations, 'isAsked' | 'reports'>): boolean {
  return isAsked === true && reports.length === 0;
}

/** What is wrong with a list of active prefixes that may decide about requests under `prefix`; `null`: nothing is. */
export function listFaultAt(loaded: LoadedOverrides, listed: readonly string[], prefix: string): string | null {
  const whole = listFault(loaded, listed);
  if (whole === null) return null;
  const stored = takers(usablePrefixes(loaded), prefix);
  const unused = new Set(loaded.entries.flatMap((entry) => (entry.fields === null ? [entry.prefix] : [])));
  const shown = takers(
    listed.filter((each) => !unused.has(each)),
    prefix,
  );
  if (stored.length === shown.length && stored.every((each, index) => each === shown[index])) return null;
  const either = new Set([...stored, ...shown]);
  const entries = loaded.entries.filter((entry) => either.has(entry.prefix));
  const fault = listFault(
    { ...loaded, entries },
    listed.filter((each) => either.has(each)),
  );
  return fault ?? whole;
}

/** What the lists have wrong beside the named routes, as far as `told` does not say it already. */
export function asideLines(
  seen: Observations,
  changed: readonly PrefixJudgement[],
  told: readonly Evidence[],
): readonly Evidence[] {
  if (!judgesAlone(seen)) return [];
  const known = new Set(told.map(({ text }) => text));
  return changed.flatMap(({ reads }) =>
    reads.answers.flatMap(({ activeOverrides }): readonly Evidence[] => {
      const text = activeOverrides === undefined ? null : listFault(seen.loaded, activeOverrides);
      if (text === null || known.has(text)) return [];
      known.add(text);
      return [{ subject: 'prefixes', verdict: 'neutral', text, source: reads.source, route: null, isAside: true }];
    }),
  );
}

/**
 * True where a count of active overrides that is not the stored one says nothing of the named routes: every read of each
 * shows what is stored, every process counts the same, and what it holds too much or too little takes none of their requests.
 */
export function isCountAside(seen: Observations, changed: readonly PrefixJudgement[]): boolean {
  if (!judgesAlone(seen) || !seen.metrics || changed.length === 0) return false;
  const all = standingsOf(seen.metrics, seen.loaded);
  const values = new Set(all.flatMap((each) => each.values));
  const [standing] = all.flatMap(({ standings }) => standings.filter((each) => each !== 'unsaid'));
  if (values.size !== 1) return false;
  return changed.every(({ shown, differing, comparisons, reads, expectation: { winner, prefix } }) => {
    if (shown === 0 || differing > 0 || comparisons.length < reads.wanted) return false;
    if (standing === 'none' && winner !== null) return false;
    const lists = reads.answers.map(({ activeOverrides }) => activeOverrides);
    if (lists.every((list) => list !== undefined && listFaultAt(seen.loaded, list, prefix) === null)) return true;
    // Without lists nothing tells which are missing, nor what is held instead.
    const takes = takers(usablePrefixes(seen.loaded), prefix);
    return (
      standing !== 'more' && lists.every((list) => list === undefined) && takes.every((each) => each === winner?.prefix)
    );
  });
}

/** The same lines, said beside what was asked for. */
export function saidAside(lines: readonly Evidence[]): readonly Evidence[] {
  return lines.map((line) =>
    line.verdict === 'contradicted' ? { ...line, verdict: 'neutral' as const, isAside: true } : line,
  );
}

function usablePrefixes({ entries }: LoadedOverrides): readonly string[] {
  return entries.flatMap(({ prefix, fields }) => (fields === null ? [] : [prefix]));
}

/** Those that can take requests under a prefix, in their order: up to the first that takes all that is left of them. */
function takers(prefixes: readonly string[], prefix: string): readonly string[] {
  const near = prefixes.filter((each) => startsRoute(each, prefix) || startsRoute(prefix, each));
  const last = near.findIndex((each) => startsRoute(each, prefix));
  return last === -1 ? near : near.slice(0, last + 1);
}
