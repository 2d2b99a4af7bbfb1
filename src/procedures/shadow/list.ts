import type { BucketNames } from '../../domain/config/bucket-names.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { Environment } from '../../domain/config/environment.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import type { FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { GlobalLine } from '../../domain/shadow/global-shadow.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { OverrideStore } from '../../ports/override-store.js';
import type { EffectPorts } from '../effect.js';
import { listOverrides, type OverrideListing } from '../override/inspect.js';
import { failureOf, type Finding } from '../../domain/finding.js';
import { bySameCause } from '../../domain/fleet/same-cause.js';
import { partOf, valueOf, type Part } from '../../domain/part.js';
import { mostAtOnce } from '../ask-each.js';
import { inParallel } from '../reload/in-parallel.js';
import { shareOf } from '../share.js';
import { askFlags, type ServerFlags } from './ask-flags.js';
import type { FlagRecords } from './change-flags.js';
import {
  compareBucket,
  compareRoutes,
  deniedIn,
  differencesAmong,
  readFlagLines,
  type ListedBucket,
  type ListedRoute,
} from './compare.js';

export interface ShadowListing {
  /** What each address says, in their order. */
  readonly servers: readonly { readonly target: string; readonly answer: Part<ServerFlags> }[];
  readonly buckets: readonly ListedBucket[];
  readonly routes: readonly ListedRoute[];
  /** Global shadow's line in the env file; `null`: no such file, or no such line. */
  readonly global: GlobalLine | null;
  readonly overrides: Part<OverrideListing>;
  /** What did not answer, and what differs; empty: everything answered and is as wanted. */
  readonly findings: readonly Finding[];
}

export interface ShadowListPorts extends Pick<EffectPorts, 'controlPlane' | 'clock' | 'deadline' | 'randomness'> {
  /** `null`: no Redis is configured. */
  readonly store: OverrideStore | null;
  readonly envFiles: EnvFiles;
  readonly records: FlagRecords;
}

export interface ShadowListInput {
  readonly environment: Pick<Environment, 'buckets' | 'api'>;
  readonly basePaths: readonly string[];
  readonly buckets: readonly BucketNames[];
  /** The env file of this environment's driver; `null`: it has another one. */
  readonly envFile: string | null;
  /** What was set from here through file or program. */
  readonly flips: readonly FlagFlip[];
  /** Where the environment's flags are set; `null`: through overrides. */
  readonly place: string | null;
}

/**
 * What is in shadow: by the server, as stored, and in the env file. Sends no reload and changes nothing. What does not
 * answer, and what differs, is a finding, and the rest is told all the same; only where nothing answers, the first
 * cause is thrown.
 */
export async function listShadow(ports: ShadowListPorts, input: ShadowListInput): Promise<ShadowListing> {
  const route = baseRoute(ports.randomness.hex(6));
  const { environment, basePaths, buckets } = input;
  const { store, deadline, envFiles } = ports;
  const { envFile } = input;
  const share = shareOf(deadline, ports.clock);
  const [servers, overrides, file] = await Promise.all([
    inParallel(environment.api, mostAtOnce, async (target) => {
      const ask = () => askFlags({ ...ports, deadline: share }, { target, basePaths, buckets, route });
      return { target, answer: await partOf(ask) };
    }),
    partOf(store && (() => listOverrides({ store, deadline: share }))),
    partOf(envFile === null ? null : () => readFlagLines(envFiles, envFile, buckets)),
  ]);
  if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
  assertSomeAnswer([...servers.map(({ answer }) => answer), overrides]);
  const answers = servers.map(({ answer }) => valueOf(answer));
  const routes = await compareRoutes(ports, environment, answers, valueOf(overrides));
  if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
  const wanted = {
    lines: valueOf(file)?.lines ?? null,
    flips: input.flips,
    place: input.place,
    environment,
    overrides: loadOverrides(valueOf(overrides)?.stored.bytes ?? null),
    denied: deniedIn(routes),
  };
  const global = valueOf(file)?.global ?? null;
  const records = await Promise.all(buckets.map(({ name }) => ports.records.get(name)));
  const listed = buckets.map((bucket, index) => compareBucket(bucket, answers, wanted, records[index] ?? null));
  return {
    servers,
    buckets: listed,
    routes,
    global,
    overrides,
    findings: [
      ...silentFindings(servers),
      ...failureOf('overrides', overrides),
      ...failureOf('env file', file),
      ...differencesAmong(listed, routes, { global, targets: environment.api }),
    ],
  };
}

/** What did not answer; several for one cause are one finding. */
function silentFindings(servers: ShadowListing['servers']): readonly Finding[] {
  const found = servers.flatMap(({ target, answer }) => failureOf(target, answer));
  if (servers.length < 2) return found;
  return bySameCause(found, { total: servers.length, names: servers.map(({ target }) => target) });
}

function assertSomeAnswer(parts: readonly Part<unknown>[]): void {
  const failed = parts.find((part) => part.state === 'failed');
  if (failed !== undefined && !parts.some(({ state }) => state === 'ok')) throw failed.error;
}
