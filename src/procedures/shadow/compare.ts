import type { BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import type { Finding } from '../../domain/finding.js';
import type { LoadedOverrides } from '../../domain/policy/matching.js';
import { bucketDifference, routeDifference } from '../../domain/shadow/differences.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import { pendingFlip, type FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { globalDifference, globalVariable, type GlobalLine } from '../../domain/shadow/global-shadow.js';
import { shadowedRoutes } from '../../domain/shadow/shadowed-routes.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { EffectPorts } from '../effect.js';
import type { ListedOverride, OverrideListing } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { policySaid, type ServerFlags } from './ask-flags.js';
import { textOf, variableIn } from './env-file-driver.js';

/** A bucket's line in an env file. */
export interface FlagLine {
  readonly variable: string;
  /** The value's exact text. */
  readonly raw: string;
  readonly isShadow: boolean;
}

/** What an env file says of shadow. */
export interface FlagFile {
  /** Each bucket's own line, by the bucket's name. */
  readonly lines: ReadonlyMap<string, FlagLine>;
  /** Global shadow's line; `null`: there is none. */
  readonly global: GlobalLine | null;
}

/** One bucket: what the server says, and what should make it say so. */
export interface ListedBucket {
  readonly bucket: BucketNames;
  /** What each address says, in their order; `null`: it does not tell. */
  readonly server: readonly (boolean | null)[];
  /** The bucket's line in the env file; `null`: there is no such file, or no such line. */
  readonly file: FlagLine | null;
  /** What was set from here and has not been shown in force; `null`: nothing. */
  readonly pending: FlagFlip | null;
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

/** What a bucket is compared with. */
export interface WantedFlags {
  /** Each bucket's line in the env file, by name; `null`: there is none, or it cannot be read. */
  readonly lines: ReadonlyMap<string, FlagLine> | null;
  /** What was set from here. */
  readonly flips: readonly FlagFlip[];
  /** Where the environment's flags are set; `null`: through overrides. */
  readonly place: string | null;
  readonly overrides: LoadedOverrides;
}

/** A bucket by every address that answers, beside what is set for it. `servers`: of each address; `null`: no answer. */
export function compareBucket(
  bucket: BucketNames,
  servers: readonly (ServerFlags | null)[],
  { lines, flips, place, overrides }: WantedFlags,
  record: FlagRecord | null,
): ListedBucket {
  const server = servers.map(
    (each) => each?.flags.find((flag) => flag.bucket === bucket.name)?.policy?.isShadow ?? null,
  );
  const file = lines?.get(bucket.name) ?? null;
  const kept = pendingFlip(flips, bucket.name, place);
  // A file that holds no flag tells against one that was once set there.
  const pending = lines !== null && kept?.isOn === true && file === null ? null : kept;
  const wanted = file?.isShadow ?? pending?.isOn ?? null;
  const said = new Set([...server, wanted].filter((each) => each !== null));
  const isTold = server.some((each) => each !== null);
  const shadowed = shadowedRoutes(overrides, bucket.routes);
  return { bucket, server, file, pending, shadowedRoutes: shadowed, record, isDifferent: isTold && said.size > 1 };
}

/** Reads every bucket's line and that of global shadow; throws what the file throws, and a guard where readers of such files disagree about one. */
export async function readFlagLines(
  envFiles: EnvFiles,
  path: string,
  buckets: readonly BucketNames[],
): Promise<FlagFile> {
  const text = textOf(await envFiles.read(path));
  const lines = new Map(
    buckets.flatMap((bucket) => {
      const variable = variableIn(text, bucket);
      const found = findAssignment(text, variable);
      return found === null
        ? []
        : [[bucket.name, { variable, raw: found.raw, isShadow: found.value === 'true' }] as const];
    }),
  );
  const global = findAssignment(text, globalVariable);
  return { lines, global: global && { raw: global.raw, isShadow: global.value === 'true', line: global.line } };
}

/** Routes that are asked for one by one, at most. */
const mostRoutes = 50;

type AskPorts = Pick<EffectPorts, 'controlPlane' | 'deadline'>;

/** Every override that carries `shadow`, beside what the first address that answered says for its route. */
export async function compareRoutes(
  ports: AskPorts,
  environment: Pick<Environment, 'buckets'>,
  servers: readonly (ServerFlags | null)[],
  listing: OverrideListing | null,
): Promise<readonly ListedRoute[]> {
  const server = servers.find((each) => each !== null) ?? null;
  const shadowed = (listing?.overrides ?? []).filter(({ loaded }) => loaded?.fields?.isShadow !== undefined);
  return inParallel(shadowed, 8, async (override, index) => {
    const bucket = bucketOfRoute(environment, override.prefix);
    const isShadow = override.loaded?.fields?.isShadow === true;
    const isAsked = server !== null && index < mostRoutes && override.prefix !== '';
    const name = server?.flags.find((each) => each.bucket === bucket)?.serverName ?? 'read';
    const policy = isAsked ? await policySaid(ports, server, override.prefix, name) : null;
    const said = policy?.isShadow ?? null;
    return { override, bucket, isShadow, server: said, isDifferent: said !== null && said !== isShadow };
  });
}

/** The findings that something is not as it is wanted, or not the same everywhere. */
export function differencesAmong(
  buckets: readonly ListedBucket[],
  routes: readonly ListedRoute[],
  global: GlobalLine | null,
): readonly Finding[] {
  const followers = buckets.map(({ bucket, server, file, pending }) => ({
    name: bucket.name,
    server,
    own: file ?? pending,
  }));
  return [
    ...globalDifference(followers, global),
    ...buckets
      .filter(({ isDifferent }) => isDifferent)
      .map((each) => bucketDifference({ ...each, name: each.bucket.name })),
    ...routes
      .filter(({ isDifferent }) => isDifferent)
      .map(({ override, isShadow }) =>
        routeDifference({ prefix: override.prefix, isShadow, hiddenBy: override.hiddenBy }),
      ),
  ];
}
