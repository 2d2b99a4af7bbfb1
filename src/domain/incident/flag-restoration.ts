import type { FlagFlip } from '../shadow/flag-flip.js';
import type { Incident } from './incident.js';
import type { FlagDeed } from './operation-flags.js';

/** A bucket's flag that is to be put back. */
export interface FlagToRestore {
  readonly bucket: string;
  /** What it is to be. */
  readonly isOn: boolean;
}

/**
 * The flags that were set while an incident was open, as far as this machine knows, and are to be otherwise: as they were
 * known to be at the start, else the other way round. `place`: only those set there, where flags are set now.
 */
export function flagsToRestore(
  { start }: Pick<Incident, 'start'>,
  flips: readonly FlagFlip[],
  place: string | null,
): readonly FlagToRestore[] {
  return flips
    .filter((flip) => flip.place === place && Date.parse(flip.at) >= start.atMs)
    .map(({ bucket, isOn }) => ({ bucket, isOn: stoodAt(start.flips, bucket, place) ?? !isOn, now: isOn }))
    .filter(({ isOn, now }) => isOn !== now)
    .map(({ bucket, isOn }) => ({ bucket, isOn }));
}

function stoodAt(flips: readonly FlagFlip[], bucket: string, place: string | null): boolean | undefined {
  return flips.find((flip) => flip.bucket === bucket && flip.place === place)?.isOn;
}

/** Operations that set flags meanwhile which this machine cannot put back: they still stand, and `flags` has none of theirs. */
export function deedsElsewhere(
  { start }: Pick<Incident, 'start'>,
  deeds: readonly FlagDeed[],
  flags: readonly FlagToRestore[],
): readonly FlagDeed[] {
  const known = new Set(flags.map(({ bucket }) => bucket));
  const isKnown = ({ buckets }: FlagDeed): boolean =>
    buckets.length > 0 && buckets.every((bucket) => known.has(bucket));
  return deeds.filter((deed) => deed.isStanding && deed.atMs >= start.atMs && !isKnown(deed));
}
