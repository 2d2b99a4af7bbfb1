import { isRecord } from '../json.js';
import type { HistoryEntry, RouteChange } from '../override/history.js';
import { flagKey, type KnownFlip } from '../shadow/flip-log.js';
import type { KeptFlag } from './kept.js';

// What somebody took out of force is over for a panic, also where somebody else sets it again: that is a change of its own.

/**
 * The prefixes that a change later than a panic took out of shadow, and no panic: one that was itself taken back counts
 * for nothing. `later`: the history after it.
 */
export function routesTakenOut(
  later: readonly HistoryEntry[],
  isUndone: (changeId: string) => boolean,
): ReadonlySet<string> {
  const out = new Set<string>();
  for (const { body, changeId } of later) {
    if (body === null || isUndone(changeId) || body.partOf?.some(({ kind }) => kind === 'panic')) continue;
    for (const route of outOfShadow(body.routes)) out.add(route);
  }
  return out;
}

/** The prefixes that changes take out of shadow. */
export function outOfShadow(changes: readonly RouteChange[]): readonly string[] {
  return changes.filter(({ before, after }) => isShadow(before) && !isShadow(after)).map(({ route }) => route);
}

function isShadow(raw: string | null): boolean {
  if (raw === null) return false;
  try {
    const value: unknown = JSON.parse(raw);
    return isRecord(value) && value['shadow'] === true;
  } catch {
    return false;
  }
}

/**
 * Whether somebody set the flag of a panic to off since. By the order of the log where it tells of the panic's own flip:
 * clocks of machines differ. `flips`: as they were told, oldest first, then those of this machine alone.
 */
export function isFlagTakenOut({ bucket, record, isFound }: KeptFlag, flips: readonly KnownFlip[]): boolean {
  if (bucket === null) return false;
  const key = flagKey({ bucket, place: record.place });
  const own = flips.filter((flip) => flagKey(flip) === key);
  const isAfter = ({ at }: KnownFlip): boolean => Date.parse(at) > Date.parse(record.at);
  const isOwn = (flip: KnownFlip): boolean =>
    flip.isOn && flip.actor === record.actor && Date.parse(flip.at) >= Date.parse(record.at);
  const from = isFound === true ? -1 : own.findIndex((flip) => flip.machine !== undefined && isOwn(flip));
  return own.some((flip, index) => {
    if (flip.isOn) return false;
    return from === -1 || flip.machine === undefined ? isAfter(flip) : index > from;
  });
}
