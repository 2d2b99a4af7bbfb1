import { endpointUrl, type ApiEndpoint } from '../../domain/api-endpoint.js';
import type { Policy, PolicyAnswer, ProbeMethod, ReloadReport } from '../../domain/control-plane.js';
import { loadOverrides, startsRoute, type LoadedOverrides } from '../../domain/policy/matching.js';
import { routeOfPrefix } from '../../domain/proof/expectation.js';
import type { Observations, PrefixReads, ProbeObservation } from '../../domain/proof/observations.js';
import { readsNeeded } from '../../domain/proof/reads-needed.js';
import type { OnStep } from '../step.js';
import { inParallel } from '../reload/in-parallel.js';
import { chooseRoutes, type ChosenRoutes } from './choose-routes.js';
import type { ObservationInput, Probe } from './observation-input.js';
import { PolicyReader, type ProofPorts } from './policy-reader.js';

const width = 8;
/** A server may list all its overrides in every answer: a sample ends early that brought so many. */
const mostListed = 50_000;
const manyPrefixes = 16;
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
  readonly #routes: ChosenRoutes;
  #changed: readonly PrefixReads[] = [];
  #sample: readonly PrefixReads[] = [];
  #probes: readonly ProbeObservation[] = [];

  constructor(
    ports: ProofPorts,
    private readonly input: ObservationInput,
    private readonly onStep: OnStep,
  ) {
    this.reader = new PolicyReader(ports, input.siteMode);
    const loaded = loadOverrides(input.storedBytes);
    this.#loaded = input.unreadable ? { ...loaded, droppedBecause: input.unreadable } : loaded;
    this.#routes = chooseRoutes(this.#loaded, input, ports.randomness);
  }

  get loaded(): LoadedOverrides {
    return this.#loaded;
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
      this.#routes.watched.length <= manyPrefixes
        ? needed
        : Math.max(1, Math.ceil((needed * manyPrefixes) / this.#routes.watched.length));
    const often = each === 1 ? 'once' : `${each} times`;
    this.onStep(`reading the policy of ${prefixes(this.#routes.watched.length)}, ${often}`);
    const lines = endpoints.flatMap((endpoint) =>
      this.#routes.watched.map((prefix) => ({ endpoint, prefix, answers: [] as PolicyAnswer[] })),
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
    const isCutShort = isBrief && state.isSplit;
    const read = await Promise.all(lines.map((line) => this.#prefixReads(line, each)));
    this.#changed = isCutShort ? read.map((reads) => ({ ...reads, isCutShort })) : read;
    return !isCutShort;
  }

  /** Reads once what each endpoint lists as active, where the document sets no expectation for it. */
  async readHeld(): Promise<void> {
    const route = this.#routes.baseRoute;
    if (route === null) return;
    this.#changed = await inParallel(this.input.endpoints, width, async (endpoint) => {
      const answer = await this.reader.read(endpoint, route, anyBucket, true);
      return this.#prefixReads({ endpoint, prefix: route, answers: answer === null ? [] : [answer] }, 1);
    });
  }

  /** Reads a sample of the other prefixes, one read each, spread over the endpoints. */
  async readSample(): Promise<void> {
    const { endpoints, workers } = this.input;
    const first = endpoints[0];
    if (first === undefined) return;
    const chosen = this.#routes.others;
    if (chosen.length > 0) this.onStep(`reading a sample of ${prefixes(chosen.length)}`);
    let listed = 0;
    const sample = await inParallel(chosen, width, async (prefix, index) => {
      if (listed >= mostListed) return null;
      const endpoint = endpoints[index % endpoints.length] ?? first;
      // One process alone answers the same on every connection.
      const answer = await this.reader.read(endpoint, routeOfPrefix(prefix), anyBucket, workers !== 1);
      listed += answer?.activeOverrides?.length ?? 0;
      return this.#prefixReads({ endpoint, prefix, answers: answer === null ? [] : [answer] }, 1);
    });
    this.#sample = sample.filter((reads) => reads !== null);
  }

  /** Sends one real request to each probe that a changed prefix reaches, as long as `budget` has any left. */
  async readProbes(budget: { left: number }): Promise<void> {
    const { probes, changed, levelAsked, isAsked } = this.input;
    if (levelAsked !== 'enforced') return;
    const reached = probes.filter(
      ({ url }) =>
        isAsked === true || changed.length === 0 || changed.some((prefix) => startsRoute(prefix, routeOf(url))),
    );
    if (reached.length > 0)
      this.onStep(`sending a real request to ${reached.length === 1 ? 'the probe' : `${reached.length} probes`}`);
    this.#probes = await inParallel(reached, width, async (probe) => {
      budget.left -= 1;
      return budget.left < 0 ? this.#unsent(probe) : this.#probe(probe);
    });
  }

  /** All that was seen. */
  observations(reports: Reports, more: Pick<Observations, 'metrics'> = {}): Observations {
    const { levelAsked, isLevelImplied, workers, workersConfigured, endpoints, known, changed, isAsked, former } =
      this.input;
    return {
      ...more,
      levelAsked,
      isLevelImplied,
      bytesBefore: this.input.bytesBefore,
      loaded: this.#loaded,
      reports: reports.all,
      lastReports: reports.last,
      changed: this.#changed,
      isWitness: changed.length === 0,
      isAsked,
      former,
      lost: this.input.lost,
      sample: this.#sample,
      others: this.#routes.otherCount,
      probes: this.#probes,
      hasProbesAside: this.input.hasProbesAside,
      workers,
      workersConfigured,
      endpointCount: endpoints.length,
      hasPolicyAnswered: this.reader.hasAnswered,
      failures: [...(this.input.unreachable ?? []), ...this.reader.failures],
      wrongSiteMode: this.reader.wrongSiteMode,
      siteModeUnsaid: this.reader.siteModeUnsaid,
      known: known ?? { readsOverrides: null, enforcesOverrides: null },
    };
  }

  #unsent({ url, bucket }: Probe): ProbeObservation {
    const failure = `it was not sent, because --max-requests allows only ${this.input.maxRequests ?? 0}`;
    return { url, method: this.#method, route: routeOf(url), bucket, answer: null, failure, base: null };
  }

  get #method(): ProbeMethod {
    return this.input.probeMethod ?? 'GET';
  }

  async #probe({ url, bucket }: Probe): Promise<ProbeObservation> {
    const result = await this.reader.probe(url, this.#method);
    const answer = typeof result === 'string' ? null : result;
    const met = answer?.bucket ?? bucket;
    const endpoint =
      this.input.endpoints.find(({ origin }) => origin === new URL(url).origin) ?? this.input.endpoints[0];
    const base = answer === null || met === null || endpoint === undefined ? null : await this.#readBase(endpoint, met);
    const failure = typeof result === 'string' ? result : null;
    return { url, method: this.#method, route: routeOf(url), bucket, answer, failure, base };
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
    const isBase = prefix === this.#routes.baseRoute;
    return { prefix, source, answers, wanted, bases: this.#basesOf(endpoint), ...(isBase ? { isBase } : {}) };
  }

  /** What the server says for a route that no stored override matches; `null`: there is no such route, or no answer. */
  async #readBase(endpoint: ApiEndpoint, bucket: string): Promise<Policy | null> {
    const bases = this.#basesOf(endpoint);
    const known = bases.get(bucket);
    if (known !== undefined || this.#routes.ownRoute === null) return known ?? null;
    const answer = await this.reader.read(endpoint, this.#routes.ownRoute, bucket, false);
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
