import type { Policy } from '../domain/control-plane.js';
import { loadOverrides, type LoadedOverride, type LoadedOverrides } from '../domain/policy/matching.js';
import { mergeOverrides, noOverrides } from './active-overrides.js';
import type { Behaviour, BucketSpec } from './behaviour.js';
import { switchesAfterReload, switchesOf, type Environment, type Switches } from './environment.js';
import type { OpenRedisLink, RedisLink } from './redis-link.js';
import { WorkerMetrics } from './worker-metrics.js';

/** What every worker of a sandbox shares. */
export interface WorkerSetup {
  readonly behaviour: Behaviour;
  readonly bootEnvironment: Environment;
  /** The env file now; `null`: unreadable. */
  readonly readEnvironment: () => Promise<Environment | null>;
  readonly openRedis: OpenRedisLink;
}

/**
 * What one server process holds: switches, overrides, counters and its own connection to Redis. Nothing of it is shared
 * with another worker, which is why one reload behind a load balancer reaches one of them only.
 */
export class Worker {
  readonly metrics: WorkerMetrics;
  readonly #boot: Switches;
  #switches: Switches;
  #overrides: LoadedOverrides = noOverrides;
  #prefixList: string | null = null;
  #redis: RedisLink;
  #connections = 0;
  #requests = 0;

  constructor(
    readonly index: number,
    private readonly setup: WorkerSetup,
  ) {
    this.#boot = switchesOf(setup.bootEnvironment, setup.behaviour);
    this.#switches = this.#boot;
    this.#redis = setup.openRedis(this.#boot.redisUrl);
    this.metrics = new WorkerMetrics(this.#boot.namespace, setup.behaviour);
  }

  get switches(): Switches {
    return this.#switches;
  }

  get overrides(): LoadedOverrides {
    return this.#overrides;
  }

  /** The prefixes of its overrides as a JSON list: every answer repeats it, however long it is. */
  get prefixList(): string {
    // A list, since an object would put prefixes that look like numbers in front.
    return (this.#prefixList ??= JSON.stringify(this.#overrides.entries.map(({ prefix }) => prefix)));
  }

  get redis(): RedisLink {
    return this.#redis;
  }

  /** TCP connections pinned to it since the start. */
  get connections(): number {
    return this.#connections;
  }

  get requests(): number {
    return this.#requests;
  }

  countConnection(): void {
    this.#connections += 1;
  }

  countRequest(): void {
    this.#requests += 1;
  }

  /** Connects to Redis and loads what this server loads at its start. Throws where Redis cannot be used. */
  async boot(): Promise<void> {
    await this.#redis.connect();
    if (this.setup.behaviour.readsOverridesAtBoot) await this.#load(true);
  }

  /** Reads again what this server reads again; a stale worker keeps everything. */
  async reload(): Promise<void> {
    const { behaviour } = this.setup;
    if (behaviour.staleWorkers.includes(this.index)) return;
    const environment = await this.setup.readEnvironment();
    if (environment !== null) {
      this.#use(switchesAfterReload(this.#boot, switchesOf(environment, behaviour), behaviour));
    }
    await this.#load(behaviour.readsOverridesAtReload);
    this.metrics.configReloads.add({});
  }

  close(): void {
    this.#redis.close();
  }

  #use(switches: Switches): void {
    if (switches.redisUrl !== this.#switches.redisUrl) {
      this.#redis.close();
      this.#redis = this.setup.openRedis(switches.redisUrl);
      // Until it is connected, and where it never will be, requests pass and count as evaluation errors.
      this.#redis.connect().catch(() => {});
    }
    this.#switches = switches;
  }

  async #load(readsRedis: boolean): Promise<void> {
    const { overrides } = this.#switches;
    const environment = loadOverrides(overrides === null ? null : Buffer.from(overrides));
    this.#overrides = mergeOverrides(environment, readsRedis ? await this.#stored() : noOverrides);
    this.#prefixList = null;
    this.metrics.activeOverrides.set({}, this.#overrides.objectCount);
  }

  async #stored(): Promise<LoadedOverrides> {
    try {
      return loadOverrides(await this.#redis.bytes(`${this.#switches.namespace}:rl:overrides`));
    } catch {
      return { ...noOverrides, droppedBecause: 'the key cannot be read from Redis' };
    }
  }
}

/** Whether a bucket only observes: its own flag where it has one, else the global switch. */
export function isBucketShadow(switches: Switches, bucket: BucketSpec): boolean {
  return switches.bucketFlags.get(bucket.name) ?? switches.isShadow;
}

/** A bucket's policy before any override. */
export function basePolicy(switches: Switches, bucket: BucketSpec): Policy {
  const { ratePerMin, burst } = bucket;
  return { ratePerMin, burst, windowSeconds: 60, isShadow: isBucketShadow(switches, bucket) };
}

/** One worker as a test sees it. */
export interface WorkerView {
  readonly index: number;
  readonly connections: number;
  readonly requests: number;
  readonly reloads: number;
  readonly evalErrors: number;
  readonly switches: Switches;
  readonly overrides: readonly LoadedOverride[];
  readonly decisions: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export function viewOf(worker: Worker): WorkerView {
  const { metrics } = worker;
  return {
    index: worker.index,
    connections: worker.connections,
    requests: worker.requests,
    reloads: metrics.configReloads.value({}),
    evalErrors: metrics.evalErrors.all().reduce((sum, { value }) => sum + value, 0),
    switches: worker.switches,
    overrides: worker.overrides.entries,
    decisions: metrics.decisions.all(),
  };
}
