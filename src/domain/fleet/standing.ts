import type { RlctlError } from '../errors.js';
import type { Instance } from './instance.js';
import type { Reading } from './observation.js';

/** What looking at one instance came to. */
export interface Sighting {
  readonly instance: Instance;
  /** One for each connection that was answered; empty: none was. */
  readonly readings: readonly Reading[];
  /** Why a connection was not answered, the first cause; `null`: every one was. */
  readonly error: RlctlError | null;
  /** Connections that were not answered. */
  readonly failures: number;
  readonly tookMs: number;
}

/**
 * `inStep`: holds what the document says, or, where that is not known, what the most hold. `stale`: something that was
 * looked at is not as stored. `differs`: nothing contradicts the document, but
 * the most of those that hold it say something else. `split`: its
 * own answers disagree, so that not each of its processes holds the same. `unreachable`: it did not answer.
 */
export type StandingState = 'inStep' | 'stale' | 'differs' | 'split' | 'unreachable';

/** One instance in the table. */
export interface Standing {
  readonly instance: Instance;
  readonly state: StandingState;
  /** `null`: not known. */
  readonly overrides: number | null;
  readonly reloads: number | null;
  /** Buckets that only observe; `null`: not known. */
  readonly shadows: readonly string[] | null;
  /** Of the answer that most of its connections gave; `null`: none did. */
  readonly digest: string | null;
  readonly basePath: string | null;
  readonly siteMode: string | null;
  /** What is not as stored, in words; empty: nothing that was looked at. */
  readonly faults: readonly string[];
  /** Connections that were answered, and the different answers among them. */
  readonly reads: number;
  readonly distinctAnswers: number;
  readonly error: RlctlError | null;
  readonly tookMs: number;
}

/** Instances that said the same. */
export interface Group {
  readonly digest: string;
  readonly count: number;
  readonly isMajority: boolean;
  /** What the most of it said is as stored; `null`: the document is not known. */
  readonly isAsStored: boolean | null;
}

export interface FleetJudgement {
  /** In the order of the fleet. */
  readonly standings: readonly Standing[];
  /** The largest first. */
  readonly groups: readonly Group[];
}

/**
 * Judges a fleet. `isKnown`: the readings were compared with what is stored; false: the most are taken to be right. A pure
 * function.
 */
export function judgeFleet(sightings: readonly Sighting[], isKnown: boolean): FleetJudgement {
  const groups = groupsOf(sightings.flatMap(({ readings }) => distinct(readings)));
  // What is as stored is right, however few say so.
  const right = (isKnown ? groups.find(({ isAsStored }) => isAsStored) : undefined) ?? groups[0];
  return {
    standings: sightings.map((sighting) => standingOf(sighting, right?.digest ?? null)),
    groups: groups.map((group) => ({ ...group, isAsStored: isKnown ? group.isAsStored : null })),
  };
}

function distinct(readings: readonly Reading[]): readonly Reading[] {
  return [...new Map(readings.map((reading) => [reading.digest, reading])).values()];
}

function groupsOf(readings: readonly Reading[]): readonly (Group & { readonly isAsStored: boolean })[] {
  const tallies = new Map<string, { count: number; right: number }>();
  for (const { digest, faults } of readings) {
    const { count, right } = tallies.get(digest) ?? { count: 0, right: 0 };
    tallies.set(digest, { count: count + 1, right: right + Number(faults.length === 0) });
  }
  const groups = [...tallies].map(
    ([digest, { count, right }]) => [digest, { count, isAsStored: right * 2 > count }] as const,
  );
  // Of two of one size the one that is as stored counts as the majority; then the digest, so that runs agree.
  const sorted = groups.sort(
    ([left, a], [right, b]) =>
      b.count - a.count || Number(b.isAsStored) - Number(a.isAsStored) || (left < right ? -1 : 1),
  );
  return sorted.map(([digest, group], index) => ({ digest, ...group, isMajority: index === 0 }));
}

function standingOf({ instance, readings, error, tookMs }: Sighting, right: string | null): Standing {
  const kinds = distinct(readings);
  const most = groupsOf(readings)[0]?.digest;
  const usual = kinds.find(({ digest }) => digest === most) ?? null;
  const faults = [...new Set(readings.flatMap((each) => each.faults))];
  return {
    instance,
    state: stateOf(kinds, faults, right),
    overrides: usual?.overrides ?? null,
    reloads: usual?.reloads ?? null,
    shadows: usual?.shadows ?? null,
    digest: usual?.digest ?? null,
    basePath: usual?.basePath ?? null,
    siteMode: usual?.siteMode ?? null,
    faults,
    reads: readings.length,
    distinctAnswers: kinds.length,
    error,
    tookMs,
  };
}

function stateOf(kinds: readonly Reading[], faults: readonly string[], right: string | null): StandingState {
  if (kinds.length === 0) return 'unreachable';
  if (kinds.length > 1) return 'split';
  if (faults.length > 0) return 'stale';
  return kinds[0]?.digest === right ? 'inStep' : 'differs';
}
