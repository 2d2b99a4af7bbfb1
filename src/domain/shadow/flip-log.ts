import { isRecord } from '../json.js';
import { parseFlagFlips, type FlagFlip } from './flag-flip.js';

// Flags that were set in a file or by a program, as Redis keeps it for people on other machines.

/** A flip that somebody may have made elsewhere. */
export interface KnownFlip extends FlagFlip {
  /** The name of the machine on which it was made; absent: it is this one's own. */
  readonly machine?: string;
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

/** The newest of each flag. */
export function latestFlips(oldestFirst: readonly KnownFlip[]): readonly KnownFlip[] {
  return [...new Map(oldestFirst.map((flip) => [flagKey(flip), flip])).values()];
}

/** What tells a flag from others: its bucket, and where it is set. */
export function flagKey({ bucket, place }: Pick<KnownFlip, 'bucket' | 'place'>): string {
  return JSON.stringify([bucket, place]);
}
