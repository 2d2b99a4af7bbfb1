import type { BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { OverrideStore } from '../../ports/override-store.js';
import type { EffectPorts } from '../effect.js';
import { listOverrides, type ListedOverride, type OverrideListing } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { askFlags, type ServerFlags } from './ask-flags.js';
import type { FlagRecords } from './change-flags.js';
import { variableIn } from './env-file-driver.js';

/** One bucket: what the server says, and what should make it say so. */
export interface ListedBucket {
  readonly bucket: BucketNames;
  /** What each address says, in their order; `null`: it does not tell. */
  readonly server: readonly (boolean | null)[];
  /** The bucket's line in the env file; `null`: there is no such file, or no such line. */
  readonly file: { readonly variable: string; readonly raw: string; readonly isShadow: boolean } | null;
  /** How many of its configured routes have an override of that name that puts them into shadow. */
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
  /** What the first address says for this route; `null`: not asked. */
  readonly server: boolean | null;
  readonly isDifferent: boolean;
}

export interface ShadowListing {
  readonly servers: readonly ServerFlags[];
  readonly buckets: readonly ListedBucket[];
  readonly routes: readonly ListedRoute[];
  /** `null`: no Redis is configured. */
  readonly overrides: OverrideListing | null;
  /** Buckets that a flag cannot be seen of, and other remarks. */
  readonly remarks: readonly string[];
}

export interface ShadowListPorts extends Pick<EffectPorts, 'controlPlane' | 'deadline' | 'randomness'> {
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

/** What is in shadow: by the server, as stored, and in the env file. Sends no reload and changes nothing. */
export async function listShadow(ports: ShadowListPorts, input: ShadowListInput): Promise<ShadowListing> {
  const route = `/rlctl-base-${ports.randomness.hex(6)}`;
  const { environment, basePaths, buckets } = input;
  const [servers, overrides, file] = await Promise.all([
    inParallel(environment.api, 4, (target) => askFlags(ports, { target, basePaths, buckets, route })),
    ports.store === null ? null : listOverrides({ store: ports.store, deadline: ports.deadline }),
    readFile(ports, input.envFile),
  ]);
  const routes = await routesOf(ports, input, servers[0] ?? null, overrides);
  const records = await Promise.all(buckets.map(({ name }) => ports.records.get(name)));
  return {
    servers,
    buckets: buckets.map((bucket, index) =>
      listedBucket(bucket, { servers, index, text: file.text, overrides, record: records[index] ?? null }),
    ),
    routes,
    overrides,
    remarks: file.remarks,
  };
}

async function readFile({ envFiles }: ShadowListPorts, path: string | null) {
  if (path === null) return { text: null, remarks: [] };
  try {
    return { text: Buffer.from(await envFiles.read(path)).toString('latin1'), remarks: [] };
  } catch (error) {
    if (error instanceof RlctlError) return { text: null, remarks: [error.message] };
    throw error;
  }
}

interface BucketFacts {
  readonly servers: readonly ServerFlags[];
  readonly index: number;
  readonly text: string | null;
  readonly overrides: OverrideListing | null;
  readonly record: FlagRecord | null;
}

function listedBucket(bucket: BucketNames, { servers, index, text, overrides, record }: BucketFacts): ListedBucket {
  const server = servers.map(({ flags }) => flags[index]?.policy?.isShadow ?? null);
  const variable = text === null ? null : variableIn(text, bucket);
  const found = text === null || variable === null ? null : findAssignment(text, variable);
  const file =
    found === null || variable === null ? null : { variable, raw: found.raw, isShadow: found.value === 'true' };
  const isShadowed = (route: string): boolean =>
    overrides?.overrides.some(({ prefix, loaded }) => prefix === route && loaded?.fields?.isShadow === true) === true;
  const said = new Set([...server, file?.isShadow ?? null].filter((each) => each !== null));
  const shadowedRoutes = bucket.routes.filter(isShadowed).length;
  return { bucket, server, file, shadowedRoutes, record, isDifferent: said.size > 1 };
}

async function routesOf(
  ports: ShadowListPorts,
  { environment }: ShadowListInput,
  server: ServerFlags | null,
  listing: OverrideListing | null,
): Promise<readonly ListedRoute[]> {
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
