import { isRecord } from '../json.js';
import { parseFlagFlips, type FlagFlip } from './flag-flip.js';
import type { FlagRecord } from './flag-record.js';

// Flags that were set in a file or by a program, as Redis keeps it for people on other machines.

/** A flip that somebody may have made elsewhere. */
export interface KnownFlip extends FlagFlip {
  /** The name of the machine on which it was made; absent: it is this one's own. */
  readonly machine?: string;
  /** What the environment is called there; absent: it is this machine's own, or nobody kept it. */
  readonly environment?: string;
  /** True: it was told before it was to be made, and nobody told since whether it was; absent: it was made. */
  readonly isBegun?: true;
}

/** Under which name of the operation store the log stands. */
export const flipLogName = 'flags';

const mostFlips = 200;

/** Reads the log, oldest first; what is no flip is left out. */
export function parseFlipLog(text: string | null): readonly KnownFlip[] {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return parseFlagFlips(JSON.stringify(isRecord(value) ? value['flips'] : []));
  } catch {
    return [];
  }
}

/** The text to keep: the newest of them. */
export function flipLogText(oldestFirst: readonly KnownFlip[]): string {
  return JSON.stringify({ v: 1, flips: oldestFirst.slice(-mostFlips) });
}

/** What this machine knows itself, and what others told; each once, in the order of time. */
export function mergedFlips(own: readonly FlagFlip[], told: readonly KnownFlip[]): readonly KnownFlip[] {
  const keyOf = ({ bucket, place, at, isOn }: FlagFlip): string => JSON.stringify([bucket, place, at, isOn]);
  const all = new Map<string, KnownFlip>([...told, ...own].map((flip) => [keyOf(flip), flip]));
  return [...all.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/**
 * Without those that were told before they were to be made, and were not: what stood there before them stands there still,
 * or stood there before the next one. `textNow`: the value's exact text in the file now; `undefined`: nobody can tell here.
 */
export function madeFlips(
  oldestFirst: readonly KnownFlip[],
  textNow: (flip: KnownFlip) => string | null | undefined,
): readonly KnownFlip[] {
  return oldestFirst.filter((flip, index) => {
    if (flip.isBegun !== true || flip.text === undefined) return true;
    const later = oldestFirst.slice(index + 1).filter((each) => flagKey(each) === flagKey(flip));
    const next = later.find(({ text }) => text !== undefined)?.text;
    return (next === undefined ? textNow(flip) : next.before) !== flip.text.before;
  });
}

/** Whether two tell of the same change of one flag. */
export function isSameFlip(one: KnownFlip, other: KnownFlip): boolean {
  return flagKey(one) === flagKey(other) && one.at === other.at && one.actor === other.actor;
}

/** The newest of each flag. */
export function latestFlips(oldestFirst: readonly KnownFlip[]): readonly KnownFlip[] {
  return [...new Map(oldestFirst.map((flip) => [flagKey(flip), flip])).values()];
}

/** What tells a flag from others: its bucket, and where it is set. */
export function flagKey({ bucket, place }: Pick<KnownFlip, 'bucket' | 'place'>): string {
  return JSON.stringify([bucket, place]);
}

/**
 * What stood before the first of several flips of one flag, and what the last of them wrote; `null`: there is none, or
 * nobody can tell. `flips`: oldest first, of other flags too.
 */
export function recordOver(flips: readonly KnownFlip[], flag: Pick<KnownFlip, 'bucket' | 'place'>): FlagRecord | null {
  const own = flips.filter((flip) => flagKey(flip) === flagKey(flag));
  const [first, last] = [own[0], own.at(-1)];
  if (first?.text === undefined || last?.text === undefined) return null;
  const { place, actor, reason, ticket, at, text } = first;
  return { place, variable: text.variable, before: text.before, wrote: last.text.wrote, actor, reason, ticket, at };
}

/**
 * What stood before the last flip of a flag, where that set it on and nobody has set it off since; `null`: nothing that is
 * known. `own`: what this machine kept before it set the flag, in place of what is older or was not told.
 */
export function recordToRestore(
  own: FlagRecord | null,
  flips: readonly KnownFlip[],
  flag: Pick<KnownFlip, 'bucket' | 'place'>,
): FlagRecord | null {
  const last = flips.findLast((flip) => flagKey(flip) === flagKey(flag));
  const isOlder = own !== null && last !== undefined && Date.parse(own.at) <= Date.parse(last.at);
  if (last === undefined || (own !== null && !isOlder)) return own;
  return last.isOn ? (recordOver([last], flag) ?? own) : null;
}

/**
 * Whether a flag was set where it can be set from here. `here.machine`: the name of this one, where the place is a file of
 * its own; `null`: a program does the same on every machine.
 */
export function isSetHere(
  { place, machine }: KnownFlip,
  here: { readonly place: string | null; readonly machine: string | null },
): boolean {
  return place === here.place && (here.machine === null || machine === undefined || machine === here.machine);
}
