import { parseOrigin } from '../../domain/api-endpoint.js';
import type { Environment } from '../../domain/config/environment.js';
import type { Detected, Signs } from '../../domain/dialect/dialect.js';
import { keyLayoutOf } from '../../domain/dialect/key-layout.js';
import type { CheckId } from '../../domain/doctor/checks.js';
import type { Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import type { RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { Revision } from '../../domain/revision.js';
import type { Secret } from '../../domain/secret.js';
import type { Clock } from '../../ports/clock.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import type { Deadline } from '../../ports/deadline.js';
import type { EachInstance } from '../../ports/each-instance.js';
import type { Files } from '../../ports/files.js';
import type { Machine } from '../../ports/machine.js';
import type { MetricsFacts, MetricsInspector } from '../../ports/metrics-inspector.js';
import type { Receiver } from '../../ports/notifier.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { Randomness } from '../../ports/randomness.js';
import type { RedisFacts, RedisInspector } from '../../ports/redis-inspector.js';
import type { TlsProber } from '../../ports/tls-prober.js';
import { mostAtOnce } from '../ask-each.js';
import type { FleetStatus } from '../fleet/status.js';
import type { ProofMetrics } from '../proof/metric-reader.js';
import { inParallel } from '../reload/in-parallel.js';
import type { TargetReload } from '../reload/send.js';
import { siteModeError } from '../reload/walk.js';
import { askTarget, refusalOf, type TargetFacts } from './ask-target.js';

/** The world as doctor asks it. What is opened lazily throws at its first use what is wrong with it. */
export interface DoctorPorts {
  readonly files: Files;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
  readonly controlPlane: () => Promise<ControlPlane>;
  /** Every instance of the environment's fleet; absent or `null`: it has one address. */
  readonly each?: ((environment: Environment) => Promise<EachInstance>) | null;
  /** Compares every instance with what is stored, as `fleet status` does; absent or `null`: there is one address. */
  readonly lookAtFleet?: ((environment: Environment, deadline: Deadline) => Promise<FleetStatus>) | null;
  readonly redis: (environment: Environment) => Promise<RedisInspector>;
  readonly store: (environment: Environment) => Promise<OverrideStore>;
  readonly metrics: (environment: Environment) => Promise<MetricsInspector | null>;
  /** The limiter's metrics as a proof reads them; absent or `null`: none are configured. */
  readonly readings?: (environment: Environment) => ProofMetrics | null;
  /** Who is told of what happens; absent: that is not looked at. */
  readonly receivers?: (environment: Environment) => Promise<readonly Receiver[]>;
  readonly tls: () => Promise<TlsProber>;
  readonly secret: (environment: Environment) => Promise<Secret>;
  /** Sends a signed reload to every address; `null`: none may be sent. */
  readonly reload: ((environment: Environment, deadline: Deadline) => Promise<readonly TargetReload[]>) | null;
}

/** The configuration file as it was found. */
export interface ConfigurationFacts {
  /** `null`: there is none. */
  readonly path: string | null;
  readonly isTrusted: boolean;
  readonly isChanged: boolean;
  /** A password stands in its text. */
  readonly holdsPassword: boolean;
}

/** What doctor is asked about. */
export interface DoctorInput {
  readonly configuration: ConfigurationFacts | RlctlError;
  /** `null`: the configuration could not be read, so there is none. */
  readonly environment: Environment | RlctlError | null;
  readonly basePaths: readonly string[];
  /** What was seen of its server last; `null`: nothing. */
  readonly memory: Detected | null;
  /** The last reload sent from here that its server accepted; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The document that was reloaded last from here, whichever server took it; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** Those that refused the signature when they were last reloaded from here. */
  readonly refused: RefusedSignatures;
  readonly stateFolder: string;
  /** Resolves a path as the configuration means it. */
  readonly resolvePath: (path: string) => string;
  /** Where completion is looked for, by shell; the shell in use; `null`: not one that is known. */
  readonly completion: { readonly shell: string; readonly path: string } | null;
  readonly selected: ReadonlySet<CheckId>;
}

/** Whom the checks of the API ask. */
export interface AskedAddresses {
  /** An origin for each; empty: none is configured. */
  readonly targets: readonly string[];
  /** Every way in which findings name them. */
  readonly names: readonly string[];
  /** The origins by the names that TLS knows; several targets may share one. */
  readonly origins: readonly string[];
  readonly controlPlane: ControlPlane;
}

/** What a check answers. */
export interface Answer {
  /** What was seen, in a line. */
  readonly evidence: string;
  readonly found: readonly Found[];
}

/** A check that cannot be made, or need not be. */
export class NotChecked extends Error {}

/** Nothing is wrong. */
export function well(evidence: string): Answer {
  return { evidence, found: [] };
}

/** Failures of a read that a check of Redis tells better. */
const toldByRedis: Readonly<Record<string, CheckId>> = {
  REDIS_NOPERM: 'redis.rights',
  REDIS_WRONG_TYPE: 'redis.types',
};

/**
 * Every question is asked once, at its first use, however many checks want its answer. A question that fails is the
 * finding of one check; those that rest on it are not checked, and say on what.
 */
export class Facts {
  readonly #asked = new Map<string, Promise<unknown>>();
  #signs: Signs = {};

  constructor(
    readonly ports: DoctorPorts,
    readonly input: DoctorInput,
  ) {}

  /** The environment; where it could not be resolved, that is a finding of its own. */
  get environment(): Environment {
    const { environment, configuration } = this.input;
    if (environment !== null && !(environment instanceof RlctlError)) return environment;
    if (this.isSelected('configuration.valid')) throw new NotChecked('see configuration.valid');
    throw environment ?? configuration;
  }

  isSelected(id: CheckId): boolean {
    return this.input.selected.has(id);
  }

  /** What another check asks as well: where it failed, that one says so, and this one cannot be made. */
  async restsOn<T>(answer: Promise<T>, id: CheckId): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof RlctlError && this.isSelected(id)) throw new NotChecked(`see ${id}`);
      throw error;
    }
  }

  /** True: there is an address to ask, or a list of them. */
  get hasApi(): boolean {
    return this.environment.api.length > 0 || this.isFleet;
  }

  get isFleet(): boolean {
    return (this.ports.each ?? null) !== null;
  }

  /** The addresses of the API and how they are reached: of a fleet every instance. Throws where they cannot be listed. */
  addresses(): Promise<AskedAddresses> {
    return this.#once('addresses', async () => {
      const { environment, ports } = this;
      const each = ports.each ? await ports.each(environment) : null;
      if (each === null) {
        const { api } = environment;
        return { targets: api, names: api, origins: api, controlPlane: await ports.controlPlane() };
      }
      const { targets, instances, controlPlane } = each;
      const names = [...new Set([...targets, ...instances.map(({ name }) => name)])];
      return { targets, names, origins: [...new Set(instances.map(({ origin }) => origin))], controlPlane };
    });
  }

  /** What every address of the API tells. */
  targets(): Promise<readonly TargetFacts[]> {
    return this.#once('targets', async () => {
      const { targets, controlPlane } = await this.addresses();
      if (targets.length === 0) throw new NotChecked('no API is configured');
      const ports = { ...this.ports, controlPlane };
      const all = await inParallel(targets, mostAtOnce, (target) =>
        askTarget(ports, parseOrigin(target), this.input.basePaths),
      );
      const own = all.find((each) => isOwn(this.environment, each));
      if (own !== undefined) this.#signs = { ...this.#signs, basePath: own.basePath };
      return all;
    });
  }

  /** What one look at Redis tells. */
  redis(): Promise<RedisFacts> {
    return this.#once('redis', async () => {
      const { redis, namespace } = this.environment;
      if (redis === null || namespace === null) throw new NotChecked('no Redis is configured');
      const seen = await (await this.ports.redis(this.environment)).inspect(this.ports.deadline);
      this.#signs = { ...this.#signs, keySpelling: seen.neighbours && keyLayoutOf(namespace, seen.neighbours) };
      return seen;
    });
  }

  /** The document as a change would read it. */
  stored(): Promise<StoredOverrides> {
    return this.#once('stored', async () => {
      await this.restsOn(this.redis(), 'redis.reachable');
      try {
        return await (await this.ports.store(this.environment)).read(this.ports.deadline);
      } catch (error) {
        const told = error instanceof RlctlError ? toldByRedis[error.code] : undefined;
        if (told !== undefined && this.isSelected(told)) throw new NotChecked(`see ${told}`);
        throw error;
      }
    });
  }

  /** What there is of the limiter's metrics. */
  metrics(): Promise<MetricsFacts & { readonly name: string }> {
    return this.#once('metrics', async () => {
      const { namespace } = this.environment;
      const inspector = await this.ports.metrics(this.environment);
      if (inspector === null) throw new NotChecked('no prometheus, no metrics configured');
      if (namespace === null) throw new NotChecked('no namespace is configured, by which the metrics are named');
      return { ...(await inspector.inspect(namespace, this.ports.deadline)), name: inspector.name };
    });
  }

  /** What the answers so far showed of the dialect. Asks nothing by itself, and waits for nothing. */
  get signs(): Signs {
    return this.#signs;
  }

  #once<T>(name: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#asked.get(name) ?? ask();
    this.#asked.set(name, known);
    return known as Promise<T>;
  }
}

/** True for an address that tells its policies, and is not another site. */
export function isOwn(environment: Environment, { target, policy }: TargetFacts): boolean {
  return 'answer' in policy && refusalOf(policy) === null && siteModeError(environment, target, policy.answer) === null;
}

/** A failure as a finding. */
export function foundError(error: RlctlError, part: string): Found {
  return { code: error.code, part, message: error.message, evidence: error.message, cure: error.hint ?? null };
}
