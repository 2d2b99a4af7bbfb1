import { shellWords } from '../shell-words.js';
import type { Observations } from './observations.js';
import type { Evidence } from './proof.js';

/** Routes that are repeated in a command, at most. */
const mostRoutes = 3;

/** What to do about something that could not be proven, as the end of a sentence: `; to look again, run: rlctl verify`. */
export function nextLook(seen: Observations, missing: Evidence | undefined): string {
  const isVerify = seen.reports.length === 0;
  // Where nothing that can be read tells what is held, the answer to a reload counts it.
  if (missing?.subject === 'count' && isVerify) return `: ${command(seen, ['--reload'])}`;
  if (missing?.subject !== 'enforcement') return `; to look again, run: ${command(seen, [])}`;
  if (isUnshowable(missing))
    return '; no look can show more: take loaded for enough (leave out --require enforced), or change the burst as well, which a header shows';
  const level = seen.isLevelImplied === true ? [] : ['--require', 'enforced'];
  const isCovered = seen.probes.length > 0 && missing.verdict === 'notProven';
  const isAnswered = seen.probes.some(({ answer }) => answer !== null);
  const which = !isCovered
    ? 'name an address that a stored override covers'
    : isAnswered
      ? 'to look again, run'
      : 'name an address that answers';
  return `; ${which}: ${command(seen, [...level, '--probe', 'URL'])}`;
}

/** A request was answered as it should be, and what is left to show is a rate: no header tells it. */
function isUnshowable({ verdict, enforced, loadedOnly }: Evidence): boolean {
  const isAnswered = verdict === 'notProven' && enforced !== undefined && loadedOnly !== undefined;
  return isAnswered && enforced.length === 0 && loadedOnly.every((field) => field === 'ratePerMin');
}

function command({ reports, isAsked, changed }: Observations, flags: readonly string[]): string {
  const routes = [...new Set(changed.map(({ prefix }) => prefix))];
  const asked = isAsked === true && routes.length <= mostRoutes ? routes : [];
  return shellWords(['rlctl', ...(reports.length === 0 ? ['verify', ...flags, ...asked] : ['reload', ...flags])]);
}
