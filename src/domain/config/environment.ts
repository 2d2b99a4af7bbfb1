import type { GuardRule } from '../guard/rule.js';
import type { PlacedSource } from '../fleet/source.js';
import type { NotifyTarget } from '../notify/target.js';
import type { HistoryLimits } from '../override/history.js';
import type { CommandAddress } from '../printed-command.js';
import type { Secret } from '../secret.js';
import type { RedisTls } from './redis-tls.js';
import type { SettingKey } from './settings.js';

/** Where a secret can be got from; the secret itself is never part of a configuration. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | { readonly kind: 'stdin' };

/** Where a secret comes from, in words that hold no secret. */
export function describeSource(source: SecretSource): string {
  switch (source.kind) {
    case 'file':
      return `file ${source.path}`;
    case 'env':
      return `variable ${source.variable}`;
    case 'command':
      return `command ${source.argv[0]}`;
    case 'stdin':
      return 'stdin';
  }
}

/** How an address of metrics wants to be asked; the secret itself is got when it is needed. */
export type SourceAuth =
  | { readonly kind: 'bearer'; readonly token: SecretSource }
  | { readonly kind: 'basic'; readonly username: string; readonly password: SecretSource };

/** What belongs to an address of metrics beside the address. It holds for the address of the same entry only. */
export interface SourceAccess {
  /** `null`: it asks for nothing. */
  readonly auth: SourceAuth | null;
  /** Labels that tell this environment's series from others in the same Prometheus; empty: none are needed. */
  readonly labels: ReadonlyMap<string, string>;
}

/** How an address of metrics is asked, in words that hold no secret; `null`: without anything. */
export function describeAuth({ auth }: SourceAccess): string | null {
  if (auth === null) return null;
  return auth.kind === 'bearer'
    ? `bearer token from ${describeSource(auth.token)}`
    : `user ${auth.username}, password from ${describeSource(auth.password)}`;
}

export interface Probe {
  readonly url: string;
  /** The bucket its requests fall into; `null`: not said. */
  readonly bucket: string | null;
}

export interface BucketRoutes {
  /** Route prefixes the bucket guards. */
  readonly routes: readonly string[];
  /** Other names the server or people use for it. */
  readonly alias: readonly string[];
}

/** How a bucket's shadow flag is flipped: through route overrides, an env file's line, or a program. */
export type ShadowDriver = 'overrides' | { readonly 'env-file': string } | { readonly exec: readonly string[] };

/** How the limiter's master switch is set on its platform: by a program, or by people, who are told how in sentences. */
export type KillSwitch = { readonly exec: readonly string[] } | { readonly steps: readonly string[] };

/** How the instances of an environment are found. */
export interface FleetSettings {
  /** `null`: its API addresses are the instances. */
  readonly source: PlacedSource | null;
  /** The path of an instance's metrics; `null`: it is looked for where it usually is. */
  readonly metricsPath: string | null;
  /** True: http:// is permitted to instances at private addresses, where the signature travels readable. */
  readonly isPlainAllowed: boolean;
}

/** What a change must carry on an environment; `end` is asked of changes that leave an override in force. */
export type Requirement = 'reason' | 'ticket' | 'end';

/** An environment as resolved: flag > RLCTL variable > file > default, and the limiter's own variables in the gaps. */
export interface Environment {
  readonly name: string;
  /** How commands that are printed name it. */
  readonly address: CommandAddress;
  readonly isProtected: boolean;
  /** API origins, one per instance or one for all; empty: none configured. */
  readonly api: readonly string[];
  /** Base paths to try in order. */
  readonly basePaths: readonly string[];
  readonly origin: string | null;
  readonly siteMode: string | null;
  readonly namespace: string | null;
  /** The Redis address; a secret because it may hold a password. */
  readonly redis: Secret | null;
  /** Empty: as the system does it. */
  readonly redisTls: RedisTls;
  readonly secret: SecretSource | null;
  /** A profile's name, `auto`, or a profile written as data. */
  readonly signing: string | Readonly<Record<string, unknown>>;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
  readonly probes: readonly Probe[];
  readonly buckets: ReadonlyMap<string, BucketRoutes>;
  readonly requirements: readonly Requirement[];
  /** What may not be done here, rule by rule; empty: nothing is said. They only restrict, so an untrusted file's hold too. */
  readonly guards: readonly GuardRule[];
  /** Address of Prometheus; `null`: none. */
  readonly prometheus: string | null;
  readonly prometheusAccess: SourceAccess;
  /** Address of /metrics, where there is no Prometheus; `null`: none. */
  readonly metrics: string | null;
  readonly metricsAccess: SourceAccess;
  readonly shadowDriver: ShadowDriver;
  /** `null`: nothing is said of it. */
  readonly killSwitch: KillSwitch | null;
  readonly fleet: FleetSettings;
  /** What each change cuts the history to. */
  readonly history: HistoryLimits;
  /** Who is told of what happens here; empty: nobody. A file that nobody has vouched for tells nobody. */
  readonly notify: readonly NotifyTarget[];
  /** The project file it comes from while nobody has vouched for it: no secret and no variable reaches it. `null`: trusted. */
  readonly untrustedFile: string | null;
  /** True: that file was trusted once, and has changed since. */
  readonly isChangedSinceTrusted: boolean;
  /** Where each value came from, in words: `RLCTL_API`, `./rlctl.yaml`, `default`. */
  readonly sources: ReadonlyMap<SettingKey, string>;
}

/** The variables that hold a secret of an environment: its signing secret, credentials of metrics and of who is told. */
export function secretVariables(environment: Environment): readonly string[] {
  const { secret, prometheusAccess, metricsAccess, notify } = environment;
  const auths = [
    prometheusAccess.auth,
    metricsAccess.auth,
    ...notify.map((to) => (to.kind === 'grafana' ? to.auth : null)),
  ];
  const sources = [
    secret,
    ...notify.map((to) => (to.kind === 'webhook' ? to.secret : null)),
    ...auths.map((auth) => (auth === null ? null : auth.kind === 'bearer' ? auth.token : auth.password)),
  ];
  return sources.flatMap((source) => (source?.kind === 'env' ? [source.variable] : []));
}

/**
 * True where several instances are configured, or a list of them: each is then reloaded and proven by itself. Addresses
 * given by a flag or by RLCTL_API stand for the list.
 */
export function isFleet({ api, fleet, sources }: Pick<Environment, 'api' | 'fleet' | 'sources'>): boolean {
  return api.length > 1 || usesList({ fleet, sources });
}

/** True where the instances are those that `fleet` lists, and nothing nearer names addresses. */
export function usesList({ fleet, sources }: Pick<Environment, 'fleet' | 'sources'>): boolean {
  return fleet.source !== null && !['flag', 'RLCTL_API'].includes(sources.get('api') ?? '');
}

/**
 * The bucket that guards a route by the configured routes: the longest configured prefix that ends at a segment
 * boundary wins. `null`: none is configured for it.
 */
export function bucketOfRoute(environment: Pick<Environment, 'buckets'>, route: string): string | null {
  let best: { bucket: string; length: number } | null = null;
  for (const [bucket, { routes }] of environment.buckets) {
    for (const prefix of routes) {
      if (guards(prefix, route) && prefix.length > (best?.length ?? -1)) best = { bucket, length: prefix.length };
    }
  }
  return best?.bucket ?? null;
}

function guards(prefix: string, route: string): boolean {
  if (!route.startsWith(prefix)) return false;
  return prefix.endsWith('/') || route.length === prefix.length || '/?#'.includes(route[prefix.length] ?? '');
}
