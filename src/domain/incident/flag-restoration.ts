import { commandAt, parseOrigin, type Reach } from '../operation/origin.js';
import type { Panic } from '../panic/panics.js';
import { holdsTrue } from '../shadow/env-file.js';
import { flipCommand } from '../shadow/flag-flip.js';
import type { FlagRecord } from '../shadow/flag-record.js';
import { flagKey, isSetHere, latestFlips, recordOver, type KnownFlip } from '../shadow/flip-log.js';
import { shellWords } from '../shell-words.js';
import type { FlagsHere, FlagToRestore, Incident } from './incident.js';
import { isOf, type FlagDeed } from './operation-flags.js';

/**
 * The flags that were set while an incident was open, as far as is known, and are to be otherwise: as they were known to be
 * at the start, else the other way round than they were set first. Only those that can be set from here.
 */
export function flagsToRestore(
  incident: Pick<Incident, 'start'>,
  flips: readonly KnownFlip[],
  here: FlagsHere,
): readonly FlagToRestore[] {
  return changedFlags(
    incident,
    flips.filter((flip) => isSetHere(flip, here)),
  ).map(({ flip: { bucket }, wasOn }) => ({ bucket, isOn: wasOn }));
}

/** What stood in place of each flag at the start, and what was written there last, by bucket: of those that were set from here in a file. */
export function recordsWithin(
  { start }: Pick<Incident, 'start'>,
  flips: readonly KnownFlip[],
  here: FlagsHere,
): ReadonlyMap<string, FlagRecord> {
  const within = flips.filter((flip) => isSetHere(flip, here) && Date.parse(flip.at) >= start.atMs);
  return new Map(
    latestFlips(within).flatMap((flip) => {
      const record = recordOver(within, flip);
      return record === null ? [] : [[flip.bucket, record] as const];
    }),
  );
}

/** A flag that is otherwise than it was. */
interface ChangedFlag {
  /** The newest of it. */
  readonly flip: KnownFlip;
  readonly wasOn: boolean;
}

/** The flags that now are otherwise than they were at the start: by their exact text, where that is known. */
function changedFlags({ start }: Pick<Incident, 'start'>, flips: readonly KnownFlip[]): readonly ChangedFlag[] {
  const within = flips.filter(({ at }) => Date.parse(at) >= start.atMs);
  const before = new Map(start.flips.map((flip) => [flagKey(flip), flip.isOn]));
  for (const flip of within) if (!before.has(flagKey(flip))) before.set(flagKey(flip), !flip.isOn);
  return latestFlips(within).flatMap((flip) => {
    const record = recordOver(within, flip);
    const wasOn = record === null ? before.get(flagKey(flip)) === true : holdsTrue(record.before);
    const isChanged = record === null ? flip.isOn !== wasOn : record.before !== record.wrote;
    return isChanged ? [{ flip, wasOn }] : [];
  });
}

/** The flags that an end which was cut off had begun to put back from here, `but` for those that are to be anyway. */
export function flagsBegun(
  { ending }: Pick<Incident, 'ending'>,
  but: readonly FlagToRestore[],
  here: FlagsHere,
): readonly FlagToRestore[] {
  if (ending === undefined || ending.from.place !== here.place || ending.from.machine !== here.machine) return [];
  return ending.flags.filter(({ bucket }) => but.every((each) => each.bucket !== bucket));
}

/** What set flags meanwhile that cannot be put back from here: it still stands, and `flags` has none of its own. */
export function deedsElsewhere(
  incident: Pick<Incident, 'start'>,
  {
    deeds,
    flips,
    reach,
  }: { readonly deeds: readonly FlagDeed[]; readonly flips: readonly KnownFlip[]; readonly reach: Reach },
  flags: readonly FlagToRestore[],
  here: FlagsHere,
): readonly FlagDeed[] {
  const known = new Set(flags.map(({ bucket }) => bucket));
  const isKnown = ({ buckets }: FlagDeed): boolean =>
    buckets.length > 0 && buckets.every((bucket) => known.has(bucket));
  const standing = deeds.filter((deed) => deed.isStanding && deed.atMs >= incident.start.atMs && !isKnown(deed));
  const changed = changedFlags(
    incident,
    flips.filter((flip) => !isSetHere(flip, here)),
  );
  return [
    ...standing,
    ...changed.filter(({ flip }) => !standing.some((deed) => isOf(flip, deed))).map(({ flip }) => asDeed(flip, reach)),
  ];
}

/**
 * The deeds with those panics as over that set flags here of which nothing stands any more. What was set elsewhere too stays
 * as it was told: from here nobody can see it.
 */
export function judgedDeeds(
  { deeds, flips }: { readonly deeds: readonly FlagDeed[]; readonly flips: readonly KnownFlip[] },
  panics: readonly Pick<Panic, 'id' | 'changed' | 'standsOn'>[],
  here: FlagsHere,
): readonly FlagDeed[] {
  const over = panics.filter(({ changed, standsOn }) => !changed.some((variable) => standsOn.includes(variable)));
  const ids = new Set(over.map(({ id }) => id));
  const isOver = (deed: FlagDeed): boolean =>
    isPanicByFlags(deed) &&
    ids.has(deed.operation?.id ?? '') &&
    !flips.some((flip) => isOf(flip, deed) && !isSetHere(flip, here));
  return deeds.map((deed) => (deed.isStanding && isOver(deed) ? { ...deed, isStanding: false } : deed));
}

/** Whether a panic did it by flags of buckets. */
function isPanicByFlags({ operation, buckets }: FlagDeed): boolean {
  return operation?.kind === 'panic' && buckets.length > 0;
}

/** The flags that deeds set which are over, as they were at the start: what the end proves, with nothing to be written. */
export function flagsToProve(
  { start }: Pick<Incident, 'start'>,
  { deeds, flips }: { readonly deeds: readonly FlagDeed[]; readonly flips: readonly KnownFlip[] },
  flags: readonly FlagToRestore[],
  { place }: FlagsHere,
): readonly FlagToRestore[] {
  const known = new Set(flags.map(({ bucket }) => bucket));
  const buckets = new Set(deeds.filter(({ atMs }) => atMs >= start.atMs).flatMap((deed) => deed.buckets));
  return [...buckets]
    .filter((bucket) => !known.has(bucket))
    .map((bucket) => {
      const isIt = (flip: KnownFlip): boolean => flip.bucket === bucket && flip.place === place;
      const first = flips.find((flip) => isIt(flip) && Date.parse(flip.at) >= start.atMs);
      const atStart = start.flips.find((flip) => isIt(flip))?.isOn;
      return { bucket, isOn: atStart ?? (first === undefined ? false : !first.isOn) };
    });
}

function asDeed(flip: KnownFlip, reach: Reach): FlagDeed {
  const { bucket, isOn, place, machine, at, actor, reason, ticket } = flip;
  const where = machine === undefined ? place : `${place} on ${machine}`;
  const origin = parseOrigin(flip);
  const back = ['shadow', isOn ? 'off' : 'on', bucket];
  const wayBack = origin === undefined ? shellWords(['rlctl', ...back]) : commandAt(back, origin, reach);
  return {
    operation: null,
    command: `${flipCommand([{ bucket, isOn }])} (${where})`,
    atMs: Date.parse(at),
    actor,
    reason,
    ticket,
    buckets: [bucket],
    isStanding: true,
    wayBack: `${wayBack}, where ${where} is set`,
  };
}
