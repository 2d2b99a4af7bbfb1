import { endpointUrl, type ApiEndpoint } from '../../domain/api-endpoint.js';
import type { Policy, PolicyAnswer, ReloadReport } from '../../domain/control-plane.js';
import { loadOverrides, matchOverride, startsRoute, type LoadedOverrides } from '../../domain/policy/matching.js';
import { routeOfPrefix } from '../../domain/proof/expectation.js';
import type { Observations, PrefixReads, ProbeObservation } from '../../domain/proof/observations.js';
import type { Learned, ProofLevel } from '../../domain/proof/proof.js';
import { readsNeeded } from '../../domain/proof/reads-needed.js';
import type { OnStep } from '../step.js';
import { inParallel } from '../reload/in-parallel.js';
import { PolicyReader, type ProofPorts } from './policy-reader.js';
import { pickSome } from './sampling.js';

/** What is to be seen. */
export interface ObservationInput {
  /** Where to read: every one must show the same. */
  readonly endpoints: readonly ApiEndpoint[];
  /** The document as stored now; `null`: no key. */
  readonly storedBytes: Uint8Array | null;
  /** The prefixes just changed, removed ones included; empty: nothing was changed. */
  readonly changed: readonly string[];
  /** Processes behind each address, from 1; `null`: not known. */
  readonly workers: number | null;
  readonly levelAsked: ProofLevel;
  /** True: the level follows from a configured probe, and nobody asked for it by name. Absent: somebody did. */
  readonly isLevelImplied?: boolean;
  /** The document before the change, `null` as with `storedBytes`; absent: nothing was changed. */
  readonly bytesBefore?: Uint8Array | null | undefined;
  /** Real requests to make where `enforced` is asked for. */
  readonly probes: readonly { readonly url: string; readonly bucket: string | null }[];
  /** What X-Site-Mode must say; `null`: whatever it says. */
  readonly siteMode: string | null;
  /** Other prefixes to look at, at most 50; absent: 50. */
  readonly samples?: number;
  /** What earlier proofs learned about this server; absent: nothing. */
  readonly known?: Learned;
}

const width = 8;
const manyPrefixes = 16;
const mostSamples = 50;
/** Asked with for every route: what an override sets reads the same under each bucket. */
const anyBucket = 'read';

/** The reports of a proof so far. */
export interface Reports {
  readonly all: readonly ReloadReport[];
  readonly last: readonly ReloadReport[];
}

/** One look at the servers: reads in the order in which a proof needs them, and gives all of it as one value. */
export class Observer {
  readonly reader: PolicyReader;
  readonly #loaded: LoadedOverrides;
  readonly #bases = new Map<string, Map<string, Policy>>();
  readonly #baseRoute: string | null;
  readonly #watched: readonly string[];
  readonly #others: readonly string[];
  readonly #otherCount: number;
  #changed: readonly PrefixReads[] = [];
  #sample: readonly PrefixReads[] = [];
  #probes: readonly ProbeObservation[] = [];

  constructor(
    ports: ProofPorts,
    private readonly input: ObservationInput,
    private readonly onStep: OnStep,
  ) {
    this.reader = new PolicyReader(ports, input.siteMode);
    this.#loaded = loadOverrides(input.storedBytes);
    const route = `/rlctl-${ports.randomness.hex(8)}`;
    this.#baseRoute = matchOverride(this.#loaded, route) === null ? route : null;
    const changed = new Set(input.changed);
    const usable = this.#loaded.entries.filter(({ prefix, fields }) => fields !== null && !changed.has(prefix));
    const usablePrefixes = usable.map(({ prefix }) => prefix);
    const picked = pickSome(usablePrefixes, mostSamples + 1, ports.randomness);
    // Where nothing was changed, one stored override stands for all: it is read as often as a changed one would be.
    this.#watched = input.changed.length > 0 ? [...changed] : picked.slice(0, 1);
    this.#others = input.changed.length > 0 ? picked : picked.slice(1);
    this.#otherCount = usable.length - (input.changed.length > 0 ? 0 : this.#watched.length);
  }

  /** Nothing can be read that would change the verdict: the document is unreadable for every server. */
  get isDecided(): boolean {
    return this.#loaded.droppedBecause !== null;
  }

  /**
   * Reads the server's own policy and the changed prefixes. Where `isBrief`, stops at the first disagreement and resolves
   * to false: the reads are then not complete.
   */
  async readChanged(isBrief: boolean): Promise<boolean> {
    const { endpoints, workers } = this.input;
    // A reload may have changed the server's own policy as well.
    this.#bases.clear();
    await inParallel(endpoints, width, (endpoint) => this.#readBase(endpoint, anyBucket));
    const needed = readsNeeded(workers);
    const each =
      this.#watched.length <= manyPrefixes
        ? needed
        : Math.max(1, Math.ceil((needed * manyPrefixes) / this.#watched.length));
    const often = each === 1 ? 'once' : `${each} times`;
    this.onStep(`reading the policy of ${prefixes(this.#watched.length)}, ${often}`);
    const lines = endpoints.flatMap((endpoint) =>
      this.#watched.map((prefix) => ({ endpoint, prefix, answers: [] as PolicyAnswer[] })),
    );
    const state = { isSplit: false };
    const rounds = Array.from({ length: each }, () => lines).flat();
    await inParallel(rounds, width, async (line) => {
      if (isBrief && state.isSplit) return;
      const answer = await this.reader.read(line.endpoint, routeOfPrefix(line.prefix), anyBucket, true);
      if (answer === null) return;
      line.answers.push(answer);
      state.isSplit ||= isDifferent(line.answers[0], answer);
    });
    this.#changed = await Promise.all(lines.map((line) => this.#prefixReads(line, each)));
    return !isBrief || !state.isSplit;
  }

  /** Reads a sample of the other prefixes, one read each, spread over the endpoints. */
  async readSample(): Promise<void> {
    const { endpoints, samples } = this.input;
    const first = endpoints[0];
    if (first === undefined) return;
    const chosen = this.#others.slice(0, Math.min(samples ?? mostSamples, mostSamples));
    if (chosen.length > 0) this.onStep(`reading a sample of ${prefixes(chosen.length)}`);
    this.#sample = await inParallel(chosen, width, async (prefix, index) => {
      const endpoint = endpoints[index % endpoints.length] ?? first;
      const answer = await this.reader.read(endpoint, routeOfPrefix(prefix), anyBucket, true);
      return this.#prefixReads({ endpoint, prefix, answers: answer === null ? [] : [answer] }, 1);
    });
  }

  /** Sends one real request to each probe that a changed prefix reaches. */
  async readProbes(): Promise<void> {
    const { probes, changed, levelAsked } = this.input;
    if (levelAsked !== 'enforced') return;
    const reached = probes.filter(
      ({ url }) => changed.length === 0 || changed.some((prefix) => startsRoute(prefix, routeOf(url))),
    );
    if (reached.length > 0)
      this.onStep(`sending a real request to ${reached.length === 1 ? 'the probe' : `${reached.length} probes`}`);
    this.#probes = await inParallel(reached, width, (probe) => this.#probe(probe));
  }

  /** All that was seen. */
  observations(reports: Reports): Observations {
    const { levelAsked, isLevelImplied, bytesBefore, workers, endpoints, known, changed } = this.input;
    return {
      levelAsked,
      isLevelImplied,
      loadedBefore: bytesBefore === undefined ? undefined : loadOverrides(bytesBefore),
      loaded: this.#loaded,
      reports: reports.all,
      lastReports: reports.last,
      changed: this.#changed,
      isWitness: changed.length === 0,
      sample: this.#sample,
      others: this.#otherCount,
      probes: this.#probes,
      workers,
      endpointCount: endpoints.length,
      hasPolicyAnswered: this.reader.hasAnswered,
      failures: [...this.reader.failures],
      wrongSiteMode: this.reader.wrongSiteMode,
      known: known ?? { readsOverrides: null, enforcesOverrides: null },
    };
  }

  async #probe({ url, bucket }: { readonly url: string; readonly bucket: string | null }): Promise<ProbeObservation> {
    const result = await this.reader.probe(url);
    const answer = typeof result === 'string' ? null : result;
    const met = answer?.bucket ?? bucket;
    const endpoint =
      this.input.endpoints.find(({ origin }) => origin === new URL(url).origin) ?? this.input.endpoints[0];
    const base = answer === null || met === null || endpoint === undefined ? null : await this.#readBase(endpoint, met);
    return { url, route: routeOf(url), bucket, answer, failure: typeof result === 'string' ? result : null, base };
  }

  async #prefixReads(
    {
      endpoint,
      prefix,
      answers,
    }: { readonly endpoint: ApiEndpoint; readonly prefix: string; readonly answers: readonly PolicyAnswer[] },
    wanted: number,
  ): Promise<PrefixReads> {
    // A server may map the route to its own bucket whatever was asked for: then its base is that bucket's.
    for (const bucket of new Set(answers.map((answer) => answer.bucket))) await this.#readBase(endpoint, bucket);
    const source = `GET ${endpointUrl(endpoint, '/rate-limit/policy').href}`;
    return { prefix, source, answers, wanted, bases: this.#basesOf(endpoint) };
  }

  /** What the server says for a route that no stored override matches; `null`: there is no such route, or no answer. */
  async #readBase(endpoint: ApiEndpoint, bucket: string): Promise<Policy | null> {
    const bases = this.#basesOf(endpoint);
    const known = bases.get(bucket);
    if (known !== undefined || this.#baseRoute === null) return known ?? null;
    const answer = await this.reader.read(endpoint, this.#baseRoute, bucket, false);
    // An override that matches even here is none of ours, and another bucket's policy is not the one asked for.
    if (answer === null || answer.bucket !== bucket || (answer.matchedOverride ?? null) !== null) return null;
    const { ratePerMin, burst, windowSeconds, isShadow } = answer;
    bases.set(bucket, { ratePerMin, burst, windowSeconds, isShadow });
    return bases.get(bucket) ?? null;
  }

  #basesOf(endpoint: ApiEndpoint): Map<string, Policy> {
    const key = `${endpoint.origin}${endpoint.basePath}`;
    const bases = this.#bases.get(key) ?? new Map<string, Policy>();
    this.#bases.set(key, bases);
    return bases;
  }
}

function prefixes(count: number): string {
  return count === 1 ? 'one prefix' : `${count} prefixes`;
}

function routeOf(url: string): string {
  return decodePath(new URL(url).pathname);
}

/** The server matches the decoded path. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isDifferent(left: PolicyAnswer | undefined, right: PolicyAnswer): boolean {
  return (
    left !== undefined &&
    JSON.stringify({ ...left, activeOverrides: null }) !== JSON.stringify({ ...right, activeOverrides: null })
  );
}
