import type { BucketNames } from '../../domain/config/bucket-names.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { loadOverrides, type LoadedOverrides } from '../../domain/policy/matching.js';
import { shadowedRoutes } from '../../domain/shadow/shadowed-routes.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { OverrideStore } from '../../ports/override-store.js';
import type { EffectPorts } from '../effect.js';
import { listOverrides, type ListedOverride, type OverrideListing } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { failureOf, type Finding } from '../../domain/finding.js';
import { partOf, valueOf, type Part } from '../../domain/part.js';
import { shareOf } from '../share.js';
import { askFlags, type BucketFlag, type ServerFlags } from './ask-flags.js';
import type { FlagRecords } from './change-flags.js';
import { textOf, variableIn } from './env-file-driver.js';

/** One bucket: what the server says, and what should make it say so. */
export interface ListedBucket {
  readonly bucket: BucketNames;
  /** What each address says, in their order; `null`: it does not tell. */
  readonly server: readonly (boolean | null)[];
  /** The bucket's line in the env file; `null`: there is no such file, or no such line. */
  readonly file: { readonly variable: string; readonly raw: string; readonly isShadow: boolean } | null;
  /** How many of its configured routes an override puts into shadow. */
  readonly shadowedRoutes: number;
  /** What the last `shadow on` through file or program recorded; `null`: nothing. */
  readonly record: FlagRecord | null;
  /** True where two of these say different things. */
  readonly isDifferent: boolean;
}

/** One override that carries `shadow`. */
export interface ListedRoute {
  readonly override: ListedOverride;
  /** `null`: the configuration does not say. */
  readonly bucket: string | null;
  /** As the server reads the stored value. */
  readonly isShadow: boolean;
  /** What the first address that answers says for this route; `null`: not asked, or it would not tell. */
  readonly server: boolean | null;
  readonly isDifferent: boolean;
}

export interface ShadowListing {
  /** What each address says, in their order. */
  readonly servers: readonly { readonly target: string; readonly answer: Part<ServerFlags> }[];
  readonly buckets: readonly ListedBucket[];
  readonly routes: readonly ListedRoute[];
  readonly overrides: Part<OverrideListing>;
  /** What did not answer; empty: everything that was asked did. */
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
}

/** Routes that are asked for one by one, at most. */
const mostRoutes = 50;

/**
 * What is in shadow: by the server, as stored, and in the env file. Sends no reload and changes nothing. What does not
 * answer is a finding, and the rest is told all the same; only where nothing answers, the first cause is thrown.
 */
export async function listShadow(ports: ShadowListPorts, input: ShadowListInput): Promise<ShadowListing> {
  const route = baseRoute(ports.randomness.hex(6));
  const { environment, basePaths, buckets } = input;
  const { store, deadline, envFiles } = ports;
  const { envFile } = input;
  const share = shareOf(deadline, ports.clock);
  const [servers, overrides, file] = await Promise.all([
    Promise.all(
      environment.api.map(async (target) => {
        const ask = () => askFlags({ ...ports, deadline: share }, { target, basePaths, buckets, route });
        return { target, answer: await partOf(ask) };
      }),
    ),
    partOf(store && (() => listOverrides({ store, deadline: share }))),
    partOf(envFile === null ? null : async () => textOf(await envFiles.read(envFile))),
  ]);
  if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
  assertSomeAnswer([...servers.map(({ answer }) => answer), overrides]);
  const routes = await routesOf(ports, input, servers, valueOf(overrides));
  const records = await Promise.all(buckets.map(({ name }) => ports.records.get(name)));
  const facts = {
    flags: servers.map(({ answer }) => valueOf(answer)?.flags ?? []),
    text: valueOf(file),
    overrides: loadOverrides(valueOf(overrides)?.stored.bytes ?? null),
  };
  return {
    servers,
    buckets: buckets.map((bucket, index) => listedBucket(bucket, index, { ...facts, record: records[index] ?? null })),
    routes,
    overrides,
    findings: [
      ...servers.flatMap(({ target, answer }) => failureOf(target, answer)),
      ...failureOf('overrides', overrides),
      ...failureOf('env file', file),
    ],
  };
}

function assertSomeAnswer(parts: readonly Part<unknown>[]): void {
  const failed = parts.find((part) => part.state === 'failed');
  if (failed !== undefined && !parts.some(({ state }) => state === 'ok')) throw failed.error;
}

interface BucketFacts {
  /** Of each address; empty: it did not answer. */
  readonly flags: readonly (readonly BucketFlag[])[];
  readonly text: string | null;
  readonly overrides: LoadedOverrides;
  readonly record: FlagRecord | null;
}

function listedBucket(
  bucket: BucketNames,
  index: number,
  { flags, text, overrides, record }: BucketFacts,
): ListedBucket {
  const server = flags.map((each) => each[index]?.policy?.isShadow ?? null);
  const file = text === null ? null : fileLineOf(bucket, text);
  const said = new Set([...server, file?.isShadow ?? null].filter((each) => each !== null));
  const shadowed = shadowedRoutes(overrides, bucket.routes);
  return { bucket, server, file, shadowedRoutes: shadowed, record, isDifferent: said.size > 1 };
}

function fileLineOf(bucket: BucketNames, text: string): ListedBucket['file'] {
  const variable = variableIn(text, bucket);
  const found = findAssignment(text, variable);
  return found === null ? null : { variable, raw: found.raw, isShadow: found.value === 'true' };
}

async function routesOf(
  ports: ShadowListPorts,
  { environment }: ShadowListInput,
  servers: ShadowListing['servers'],
  listing: OverrideListing | null,
): Promise<readonly ListedRoute[]> {
  const server = servers.map(({ answer }) => valueOf(answer)).find((each) => each !== null) ?? null;
  const shadowed = (listing?.overrides ?? []).filter(({ loaded }) => loaded?.fields?.isShadow !== undefined);
  return inParallel(shadowed, 4, async (override, index) => {
    const bucket = bucketOfRoute(environment, override.prefix);
    const isShadow = override.loaded?.fields?.isShadow === true;
    const isAsked = server !== null && index < mostRoutes && override.prefix !== '';
    const name = server?.flags.find((each) => each.bucket === bucket)?.serverName ?? 'read';
    const said = isAsked ? await askRoute(ports, server, override.prefix, name) : null;
    return { override, bucket, isShadow, server: said, isDifferent: said !== null && said !== isShadow };
  });
}

async function askRoute(
  { controlPlane, deadline }: ShadowListPorts,
  { target, basePath }: ServerFlags,
  route: string,
  bucket: string,
): Promise<boolean | null> {
  const query = { route, method: 'GET', bucket };
  const call = { signal: deadline.signal(), isFresh: false };
  const result = await controlPlane.policy({ origin: target, basePath }, query, call);
  return result.kind === 'policy' ? result.policy.isShadow : null;
}
