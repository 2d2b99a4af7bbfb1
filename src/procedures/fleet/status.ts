import type { BucketNames } from '../../domain/config/bucket-names.js';
import { RlctlError } from '../../domain/errors.js';
import type { Finding } from '../../domain/finding.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { readingOf, type Reading } from '../../domain/fleet/observation.js';
import { judgeFleet, type FleetJudgement, type Sighting } from '../../domain/fleet/standing.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { loadOverrides, type LoadedOverrides } from '../../domain/policy/matching.js';
import { partOf, valueOf, type Part } from '../../domain/part.js';
import type { Revision } from '../../domain/revision.js';
import type { RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import { confidenceOf, readsNeeded } from '../../domain/proof/reads-needed.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { Randomness } from '../../ports/randomness.js';
import { isChangedPast } from '../override/inspect.js';
import { pickSome } from '../proof/sampling.js';
import { inParallel } from '../reload/in-parallel.js';
import { shareOf } from '../share.js';
import type { OnStep } from '../step.js';
import { fleetFindings, refusingInStep } from './findings.js';
import { slowInstance } from './reload-instance.js';
import { instanceDeadlines, type InstanceDeadlines } from './instance-deadline.js';
import { routeOfPrefix } from '../../domain/proof/expectation.js';
import {
  observeInstance,
  usualBucket,
  type InstanceQuestion,
  type Lessons,
  type ObservePorts,
} from './observe-instance.js';

export interface FleetStatusPorts extends Pick<ObservePorts, 'open'> {
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly randomness: Randomness;
  /** `null`: no Redis is configured. */
  readonly store: OverrideStore | null;
}

export interface FleetStatusInput {
  readonly instances: readonly Instance[];
  readonly basePaths: readonly string[];
  readonly buckets: readonly BucketNames[];
  /** The bucket that guards a route, as configured; `null`: none is configured for it. */
  readonly bucketOf: (route: string) => string | null;
  readonly namespace: string | null;
  readonly metricsPath: string | null;
  readonly siteMode: string | null;
  /** Processes behind each instance; `null`: not known. */
  readonly workers: number | null;
  /** Instances asked at once, from 1. */
  readonly parallel: number;
  /** The longest that one answer of an instance may take, milliseconds. */
  readonly timeoutMs: number;
  /** The document that was reloaded last from here; `null`: not known. */
  readonly lastRevision: Revision | null;
  readonly refused: RefusedSignatures;
}

export interface FleetStatus extends FleetJudgement {
  readonly stored: Part<StoredOverrides>;
  /** True where the document was changed past rlctl after its last recorded change. */
  readonly isForeign: boolean;
  /** What the stored document means; `null`: it is not known, or no server can read it. */
  readonly loaded: LoadedOverrides | null;
  /** Prefixes whose policy was read at each instance, of how many there are. */
  readonly coverage: { readonly read: number; readonly of: number };
  /** Connections made to each instance, each of its own. */
  readonly looks: number;
  /** The chance that one stale process of an instance would have been seen, 0…1. */
  readonly confidence: number;
  readonly findings: readonly Finding[];
  readonly refused: RefusedSignatures;
  /** Of those that are in step who refused the signature: no fault of what holds now, and so no finding of this look. */
  readonly refusing: readonly Finding[];
  readonly tookMs: number;
}

/** Prefixes read at each instance, at most: one request each. */
const mostPrefixes = 8;
/** Below this nothing is asked any more. */
const leastMs = 50;
/** Looks at all instances together, where the number of processes behind each is not known. */
const looksForUnknown = 320;

/**
 * Asks every instance the same and compares the answers with each other and with what is stored. Sends no reload and
 * changes nothing. What does not answer is a finding. Throws only for an interrupt.
 */
export async function fleetStatus(
  ports: FleetStatusPorts,
  input: FleetStatusInput,
  onStep?: OnStep,
): Promise<FleetStatus> {
  const startMs = ports.clock.monotonicMs();
  const { store, randomness } = ports;
  const stored = await partOf(store && (() => store.read(shareOf(ports.deadline, ports.clock))));
  const read = valueOf(stored);
  const loaded = read === null ? null : loadOverrides(read.bytes);
  const isReadable = loaded !== null && loaded.droppedBecause === null && ['string', 'none'].includes(read?.type ?? '');
  const step = onStep ?? (() => undefined);
  const question = { ...input, baseRoute: baseRoute(randomness.hex(6)), prefixes: [] };
  const chosen = isReadable
    ? chosenPrefixes(loaded, read, randomness)
    : await heldPrefixes(ports, input, question, step);
  const prefixes = chosen.map((prefix) => ({ prefix, bucket: input.bucketOf(routeOfPrefix(prefix)) ?? usualBucket }));
  const looks = looksNeeded(input);
  const look = { question: { ...question, prefixes }, loaded: isReadable ? loaded : null, looks };
  const sightings = await lookAtAll(ports, input, look, step);
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const judged = judgeFleet(sightings, isReadable);
  return {
    ...judged,
    stored,
    isForeign: read !== null && isChangedPast(read),
    loaded: isReadable ? loaded : null,
    coverage: { read: prefixes.length, of: Math.max(prefixes.length, loaded?.usableCount ?? 0) },
    looks,
    confidence: confidenceOf(input.workers, looks),
    findings: fleetFindings({ ...input, judged, sightings, stored, loaded }),
    refused: input.refused,
    refusing: refusingInStep({ judged, refused: input.refused }),
    tookMs: ports.clock.monotonicMs() - startMs,
  };
}

/** What was changed last, then others by chance: a stale instance lacks the newest change first of all. */
function chosenPrefixes(
  loaded: LoadedOverrides,
  stored: StoredOverrides | null,
  randomness: Randomness,
): readonly string[] {
  const usable = loaded.entries.filter(({ fields }) => fields !== null).map(({ prefix }) => prefix);
  const changed = (stored?.lastEntry?.body?.routes ?? []).map(({ route }) => route);
  const chosen = [...new Set([...changed, ...pickSome(usable, mostPrefixes, randomness)])].slice(0, mostPrefixes);
  // In one order, so that the digest of the same answers is the same the next time.
  return chosen.sort();
}

/** Instances whose lists tell what to look at where what is stored is not known. */
const mostListing = 16;

/**
 * Where what is stored is not known, what the instances say that they hold: the same prefixes are then read at each. Some
 * of them are asked first, spread over the fleet; a list that is another is seen anyway.
 */
async function heldPrefixes(
  ports: FleetStatusPorts,
  input: FleetStatusInput,
  question: InstanceQuestion,
  onStep: OnStep,
): Promise<readonly string[]> {
  const every = Math.max(1, Math.ceil(input.instances.length / mostListing));
  const some = input.instances.filter((_, index) => index % every === 0);
  const sightings = await lookAtAll(ports, { ...input, instances: some }, { question, loaded: null, looks: 1 }, onStep);
  const listed = sightings.flatMap(({ readings }) => readings.flatMap((reading) => reading.listed ?? []));
  return [...new Set(listed)].slice(0, mostPrefixes).sort();
}

/** As many as a proof makes where there are few instances; one each where there are many and nobody says how many processes. */
function looksNeeded({ workers, instances }: FleetStatusInput): number {
  const needed = readsNeeded(workers);
  return workers !== null ? needed : Math.max(1, Math.min(needed, Math.floor(looksForUnknown / instances.length)));
}

async function lookAtAll(
  ports: FleetStatusPorts,
  { instances, parallel, basePaths }: FleetStatusInput,
  look: Pick<Looking, 'question' | 'loaded' | 'looks'>,
  onStep: OnStep,
): Promise<readonly Sighting[]> {
  const lessons: Lessons = { basePaths, metricsPath: null, withoutMetrics: 0 };
  const deadlines = instanceDeadlines(ports.deadline, ports.clock);
  const width = Math.max(1, Math.floor(Math.min(parallel, 8) / instances.length));
  let asked = 0;
  let silent = 0;
  return inParallel(instances, parallel, async (instance) => {
    const sighting = await lookAt(ports, instance, { ...look, lessons, width, deadlines });
    asked += 1;
    if (sighting.readings.length === 0) silent += 1;
    onStep(`asked ${asked} of ${instances.length}${silent === 0 ? '' : `, ${silent} did not answer`}`);
    return sighting;
  });
}

interface Looking {
  readonly question: InstanceQuestion;
  /** What the answers are compared with; `null`: with each other alone. */
  readonly loaded: LoadedOverrides | null;
  readonly lessons: Lessons;
  readonly deadlines: InstanceDeadlines;
  readonly looks: number;
  readonly width: number;
}

/** The first look tells whether there is anybody; the others are for what else may answer under the same address. */
async function lookAt(ports: FleetStatusPorts, instance: Instance, looking: Looking): Promise<Sighting> {
  const startMs = ports.clock.monotonicMs();
  const look = (): Promise<Reading | RlctlError> => lookOnce(ports, instance, looking);
  const first = await look();
  const more = first instanceof RlctlError ? 0 : looking.looks - 1;
  const others = await inParallel(Array.from({ length: more }), looking.width, look);
  const results = [first, ...others];
  const errors = results.filter((each): each is RlctlError => each instanceof RlctlError);
  return {
    instance,
    readings: results.filter((each): each is Reading => !(each instanceof RlctlError)),
    error: errors[0] ?? null,
    failures: errors.length,
    tookMs: ports.clock.monotonicMs() - startMs,
  };
}

async function lookOnce(
  ports: FleetStatusPorts,
  instance: Instance,
  { question, loaded, lessons, deadlines }: Looking,
): Promise<Reading | RlctlError> {
  const { open, deadline } = ports;
  if (deadline.leftMs() < leastMs) return outOfTime(instance);
  try {
    return readingOf(await observeInstance({ open, deadlines }, instance, question, lessons), loaded);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    if (error.code === 'API_TIMEOUT' && deadline.leftMs() < leastMs) return outOfTime(instance);
    return slowInstance({ deadline }, error, 'rlctl fleet status --instance-timeout 10s');
  }
}

/** The time of the whole command was up: that says nothing about the instance. */
function outOfTime({ name }: Instance): RlctlError {
  return new RlctlError('unreachable', `${name} was not asked to the end: the time was up`, {
    code: 'OUT_OF_TIME',
    hint: 'Give --timeout more time, or ask more instances at once with --parallel.',
  });
}
