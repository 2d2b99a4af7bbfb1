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
 * looked at is not as stored. `differs`: nothing contradicts the document, but the most of those that hold it say
 * something else, or there is no most and nothing tells who is right. `split`: its own answers disagree, so that not each
 * of its processes holds the same. `unreachable`: it did not answer.
 */
export type StandingState = 'inStep' | 'stale' | 'differs' | 'split' | 'unreachable';

/** One answer of an instance. */
export interface AnswerCount {
  readonly digest: string;
  readonly times: number;
  /** What it counts itself, least and most; `null`: not known. What each process counts is its own. */
  readonly overrides: readonly [number, number] | null;
  readonly reloads: readonly [number, number] | null;
}

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
  /** Connections on which something was not as stored; 0 where what is stored is not known. */
  readonly staleReads: number;
  /** Every answer with how often it came, the commonest first. */
  readonly answers: readonly AnswerCount[];
  readonly error: RlctlError | null;
  readonly tookMs: number;
}

/** Instances that said the same. */
export interface Group {
  readonly digest: string;
  /** Instances of which some process said so. */
  readonly count: number;
  /** Connections on which it was said. */
  readonly reads: number;
  /** More said so than said anything else. */
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
 * Judges a fleet. `isKnown`: the readings were compared with what is stored; false: the most are taken to be right, where
 * there is a most. A pure function.
 */
export function judgeFleet(sightings: readonly Sighting[], isKnown: boolean): FleetJudgement {
  const groups = groupsOf(sightings);
  // What is as stored is right, however few say so; of two kinds that are, neither is.
  const candidates = isKnown ? groups.filter(({ isAsStored }) => isAsStored) : groups;
  const right = mostOf(candidates.length > 0 ? candidates : groups);
  const most = mostOf(groups);
  return {
    standings: sightings.map((sighting) => standingOf(sighting, right?.digest ?? null)),
    groups: groups.map(({ weight: _weight, ...group }) => ({
      ...group,
      isMajority: group.digest === most?.digest,
      isAsStored: isKnown ? group.isAsStored : null,
    })),
  };
}

interface Weighed extends Omit<Group, 'isMajority'> {
  readonly isAsStored: boolean;
  readonly weight: number;
}

/** The largest; `null`: there is none, or two of one size. */
function mostOf(groups: readonly Weighed[]): Weighed | null {
  const [first, second] = groups;
  return first === undefined || first.weight === second?.weight ? null : first;
}

/** The largest first. A single address is weighed by its connections, several by their instances. */
function groupsOf(sightings: readonly Sighting[]): readonly Weighed[] {
  const isOne = sightings.length === 1;
  const tallies = new Map<string, { count: number; reads: number; right: number }>();
  for (const { readings } of sightings) {
    for (const { digest } of distinct(readings)) {
      const all = readings.filter((each) => each.digest === digest);
      const tally = tallies.get(digest) ?? { count: 0, reads: 0, right: 0 };
      const right = all.filter(({ faults }) => faults.length === 0).length;
      tallies.set(digest, { count: tally.count + 1, reads: tally.reads + all.length, right: tally.right + right });
    }
  }
  const groups = [...tallies].map(([digest, { count, reads, right }]) => ({
    digest,
    count,
    reads,
    weight: isOne ? reads : count,
    isAsStored: right * 2 > reads,
  }));
  // Of two of one size the one that is as stored stands first; then the digest, so that runs agree.
  return groups.sort(
    (left, right) =>
      right.weight - left.weight ||
      Number(right.isAsStored) - Number(left.isAsStored) ||
      (left.digest < right.digest ? -1 : 1),
  );
}

function distinct(readings: readonly Reading[]): readonly Reading[] {
  return [...new Map(readings.map((reading) => [reading.digest, reading])).values()];
}

function standingOf({ instance, readings, error, tookMs }: Sighting, right: string | null): Standing {
  const answers = answersOf(readings);
  const usual = readings.find(({ digest }) => digest === answers[0]?.digest) ?? null;
  const faults = [...new Set(readings.flatMap((each) => each.faults))];
  return {
    instance,
    state: stateOf(answers, faults, right),
    overrides: usual?.overrides ?? null,
    reloads: usual?.reloads ?? null,
    shadows: usual?.shadows ?? null,
    digest: usual?.digest ?? null,
    basePath: usual?.basePath ?? null,
    siteMode: usual?.siteMode ?? null,
    faults,
    reads: readings.length,
    distinctAnswers: answers.length,
    staleReads: readings.filter((each) => each.faults.length > 0).length,
    answers,
    error,
    tookMs,
  };
}

function answersOf(readings: readonly Reading[]): readonly AnswerCount[] {
  const answers = distinct(readings).map(({ digest }) => {
    const same = readings.filter((each) => each.digest === digest);
    const [overrides, reloads] = [spread(same.map((each) => each.overrides)), spread(same.map((each) => each.reloads))];
    return { digest, times: same.length, overrides, reloads };
  });
  return answers.sort((left, right) => right.times - left.times || (left.digest < right.digest ? -1 : 1));
}

/** The least and the most of what is known; `null`: nothing is. */
export function spread(values: readonly (number | null)[]): readonly [number, number] | null {
  const known = values.filter((each) => each !== null);
  if (known.length === 0) return null;
  return [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
}

function stateOf(answers: readonly AnswerCount[], faults: readonly string[], right: string | null): StandingState {
  if (answers.length === 0) return 'unreachable';
  if (answers.length > 1) return 'split';
  if (faults.length > 0) return 'stale';
  return answers[0]?.digest === right ? 'inStep' : 'differs';
}
