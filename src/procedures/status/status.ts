import { parseOrigin } from '../../domain/api-endpoint.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { whyUnheeded, type SeenEnforcement } from '../../domain/policy/enforcement.js';
import { observingByName } from '../../domain/shadow/enforcing-overrides.js';
import type { FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import type { Revision } from '../../domain/revision.js';
import type { HealthCheck, HealthReport } from '../../domain/control-plane.js';
import { refusalError } from '../../domain/refusal.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { EffectPorts } from '../effect.js';
import { listingOf, type OverrideListing } from '../override/inspect.js';
import { siteModeError } from '../reload/walk.js';
import { askFlags, type ServerFlags } from '../shadow/ask-flags.js';
import type { Finding } from '../../domain/finding.js';
import { partOf, valueOf, type Part } from '../../domain/part.js';
import { mostAtOnce } from '../ask-each.js';
import { inParallel } from '../reload/in-parallel.js';
import { shareOf } from '../share.js';
import type { OpenOperations } from '../operation/open-operations.js';
import type { FleetSummary } from '../fleet/summary.js';
import type { TrafficFacts } from '../traffic.js';
import {
  compareBucket,
  compareRoutes,
  deniedIn,
  differencesAmong,
  readFlagLines,
  type FlagFile,
  type ListedRoute,
} from '../shadow/compare.js';
import { findingsOf, undecidedOf } from './findings.js';
import { forceFindings, refusingFindings, switchFindings, withRefusal } from './force-findings.js';
import { besideServers } from './stored-overrides.js';

export interface StatusPorts extends Pick<EffectPorts, 'controlPlane' | 'clock' | 'randomness' | 'deadline'> {
  /** `null`: no Redis is configured. */
  readonly store: OverrideStore | null;
  readonly envFiles: EnvFiles;
  /** Where block shares come from (Prometheus, or /metrics); `null`: nothing is configured for it. */
  readonly blockShares: ((deadline: Deadline) => Promise<TrafficFacts>) | null;
  /** Looks at every instance that `fleet` lists; absent or `null`: it lists none. */
  readonly lookAtFleet?: ((deadline: Deadline) => Promise<FleetSummary>) | null;
  /** What somebody began here and nobody has ended. */
  readonly operations: (deadline: Deadline) => Promise<OpenOperations>;
}

export interface StatusInput {
  readonly environment: Pick<Environment, 'buckets' | 'workers'>;
  /** The last reload sent from here; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The document that was reloaded last from here, whichever server took it; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** Those that refused the signature when they were last reloaded from here. */
  readonly refused: RefusedSignatures;
  /** What earlier reloads and probes showed. */
  readonly seen: SeenEnforcement;
  /** The env file of this environment's driver; `null`: it has another one. */
  readonly envFile: string | null;
  /** What was set from here through file or program. */
  readonly flips: readonly FlagFlip[];
  /** Where the environment's flags are set; `null`: through overrides. */
  readonly place: string | null;
  /** Origins; empty: none configured. */
  readonly targets: readonly string[];
  readonly basePaths: readonly string[];
  readonly buckets: readonly BucketNames[];
  /** What X-Site-Mode must say where the server sends one; `null`: whatever it says. */
  readonly siteMode: string | null;
}

/** One check's answer; `null`: the server has no such check. */
export type HealthPart = Part<HealthReport | null>;

/** How one address is. */
export interface TargetStatus {
  readonly target: string;
  readonly health: Readonly<Record<HealthCheck, HealthPart>>;
  /** What it says about its buckets, and which site it says it is. */
  readonly flags: Part<ServerFlags>;
}

export interface Status {
  /** The instances that `fleet` lists; `notAsked`: it lists none. */
  readonly fleet: Part<FleetSummary>;
  readonly targets: readonly TargetStatus[];
  readonly redis: Part<StoredOverrides>;
  readonly operations: OpenOperations;
  /** What the stored document means; not asked for where Redis did not answer. */
  readonly overrides: Part<OverrideListing>;
  readonly traffic: Part<TrafficFacts>;
  /** The env file's flags; `notAsked`: the environment has none. */
  readonly envFile: Part<FlagFile>;
  /** Where the shadow of a bucket or a route is not as it is wanted, or not the same everywhere. */
  readonly differences: readonly Finding[];
  /** Where the limiter is off, or what is stored is not known to be in force. */
  readonly force: readonly Finding[];
  /** Every override that carries shadow, beside what the server says. */
  readonly routes: readonly ListedRoute[];
  /** Whether each bucket refuses nobody now, by its name; `null`: it is not known. */
  readonly observing: ReadonlyMap<string, boolean | null>;
  /** What is broken; empty: nothing that was asked. */
  readonly findings: readonly Finding[];
  /** What may be broken, and cannot be judged from here. */
  readonly undecided: readonly Finding[];
}

/** Instances of a listed fleet whose every override is compared, at most. */
const mostBeside = 8;

function besideAtMost<Server>(servers: readonly (Server | null)[], isList: boolean): readonly (Server | null)[] {
  return isList ? servers.filter((each) => each !== null).slice(0, mostBeside) : servers;
}

/**
 * Asks everything about an environment in parallel and changes nothing: no reload is sent. What cannot be asked is a part
 * that failed, with its cause. Throws only for an interrupt.
 */
export async function gatherStatus(ports: StatusPorts, input: StatusInput): Promise<Status> {
  const deadline = shareOf(ports.deadline, ports.clock);
  const { store, blockShares, lookAtFleet = null } = ports;
  const path = input.envFile;
  const [targets, redis, traffic, envFile, fleet, operations] = await Promise.all([
    inParallel(input.targets, mostAtOnce, (target) => statusOf({ ...ports, deadline }, input, target)),
    partOf(store && (() => store.read(deadline))),
    partOf(blockShares && (() => blockShares(deadline))),
    partOf(path === null ? null : () => readFlagLines(ports.envFiles, path, input.buckets)),
    partOf(lookAtFleet && (() => lookAtFleet(deadline))),
    ports.operations(deadline),
  ]);
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const stored = valueOf(redis);
  const overrides = await partOf(stored && (() => Promise.resolve().then(() => listingOf(stored))));
  const answers = targets.map(({ flags }) => valueOf(flags));
  const listing = valueOf(overrides);
  // The look at the fleet has told which instance does not hold what is stored.
  const some = valueOf(fleet)?.isCompared === true ? [] : besideAtMost(answers, lookAtFleet !== null);
  const [routes, beside] = await Promise.all([
    compareRoutes({ ...ports, deadline }, input.environment, answers, listing),
    listing && some.some((each) => each !== null)
      ? besideServers({ ...ports, deadline }, input.environment, some, listing)
      : null,
  ]);
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const { flips, place } = input;
  const wanted = {
    lines: valueOf(envFile)?.lines ?? null,
    flips,
    place,
    environment: input.environment,
    overrides: loadOverrides(listing?.stored.bytes ?? null),
    denied: deniedIn(routes),
  };
  const buckets = input.buckets.map((bucket) => compareBucket(bucket, answers, wanted, null));
  const differences = differencesAmong(buckets, routes, {
    global: valueOf(envFile)?.global ?? null,
    targets: input.targets,
  });
  const { reload, lastRevision, environment } = input;
  const { workers } = environment;
  const held =
    listing === null ? [] : forceFindings({ listing, beside, routes, reload, lastRevision, seen: input.seen, workers });
  // Of listed instances the look at the fleet tells it.
  const refusing = lookAtFleet === null ? refusingFindings(input) : [];
  const force = [...switchFindings(reload), ...refusing, ...(refusing.length === 0 ? held : withRefusal(held))];
  const isHeeded = whyUnheeded(input.seen) === null;
  const observing = observingByName(buckets, {
    loaded: isHeeded && overrides.state === 'failed' ? null : isHeeded ? wanted.overrides : loadOverrides(null),
    denied: new Set(routes.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix)),
    // That the limiter is off is a finding of its own.
    isOff: false,
    bucketOf: (route) => bucketOfRoute(environment, route),
  });
  const found = { routes, differences, force, observing };
  const parts = { fleet, targets, redis, operations, overrides, traffic, envFile, ...found };
  return { ...parts, findings: findingsOf(parts), undecided: undecidedOf(traffic) };
}

async function statusOf(ports: StatusPorts, input: StatusInput, target: string): Promise<TargetStatus> {
  const { basePaths, buckets } = input;
  const route = baseRoute(ports.randomness.hex(6));
  const [live, ready, startup, flags] = await Promise.all([
    partOf(() => healthOf(ports, target, 'live')),
    partOf(() => healthOf(ports, target, 'ready')),
    partOf(() => healthOf(ports, target, 'startup')),
    partOf(async () => {
      const answer = await askFlags(ports, { target, basePaths, buckets, route });
      const wrongSite = siteModeError(input, target, answer);
      if (wrongSite !== null) throw wrongSite;
      return answer;
    }),
  ]);
  return { target, health: { live, ready, startup }, flags };
}

async function healthOf(
  { controlPlane, deadline }: StatusPorts,
  target: string,
  check: HealthCheck,
): Promise<HealthReport | null> {
  const origin = parseOrigin(target);
  const answer = await controlPlane.health(origin, check, { signal: deadline.signal(), isFresh: false });
  if (answer.kind === 'health') return answer.health;
  if (answer.kind === 'absent') return null;
  throw refusalError(answer.refusal, `${origin}/health/${check}`);
}
