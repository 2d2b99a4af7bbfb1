import type { HistoryEntry } from '../override/history.js';
import { isOpen, type Panic } from './panics.js';
import { restorationOf } from './restoration.js';

/** What the end of an incident takes back. */
export interface TakenBack {
  /** When the incident began, epoch milliseconds. */
  readonly sinceMs: number;
  /** The prefixes that were changed since by anything else than a panic. */
  readonly routes: readonly string[];
}

/**
 * The open panics that are over when everything goes back that was changed since: those that changed something, also where
 * they stand on what they found as well, and those that found nothing but what goes back with it. `newestFirst`: the whole
 * history.
 */
export function endedWith(
  panics: readonly Panic[],
  newestFirst: readonly HistoryEntry[],
  { sinceMs, routes }: TakenBack,
): readonly Panic[] {
  const begun = panics.filter((each) => isOpen(each) && each.atMs >= sinceMs && each.way !== 'kill-switch');
  const changed = new Set([...routes, ...begun.flatMap((each) => each.changed)]);
  return begun.filter(
    (each) =>
      (each.changed.length > 0 || each.standsOn.every((what) => changed.has(what))) &&
      !isHeir(each, panics, newestFirst, sinceMs),
  );
}

/** Whether an older panic left something to it, which nobody else would put back. */
function isHeir(
  panic: Panic,
  panics: readonly Panic[],
  newestFirst: readonly HistoryEntry[],
  sinceMs: number,
): boolean {
  if (panic.way !== 'overrides') return false;
  return restorationOf(panic, panics, newestFirst).entries.some(({ timeMs }) => timeMs < sinceMs);
}

/** True of an open panic that stands on nothing any more but what it found, although it changed something. */
export function isOnlyFound({ changed, standsOn }: Panic): boolean {
  return changed.length > 0 && !standsOn.some((what) => changed.includes(what));
}
