import type { BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import type { Finding } from '../../domain/finding.js';
import type { LoadedOverrides } from '../../domain/policy/matching.js';
import { bucketDifference, routeDifference } from '../../domain/shadow/differences.js';
import { findAssignment } from '../../domain/shadow/env-file.js';
import { pendingFlip, type FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { globalDifference, globalVariable, type GlobalLine } from '../../domain/shadow/global-shadow.js';
import { shadowByOverrides, type ShadowByOverrides } from '../../domain/shadow/shadowed-routes.js';
import type { EnvFiles } from '../../ports/env-files.js';
import type { EffectPorts } from '../effect.js';
import type { ListedOverride, OverrideListing } from '../override/inspect.js';
import { mostAtOnce } from '../ask-each.js';
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
  /** How much of it overrides put into shadow; beside a flag that says shadow, that is none of their doing. */
  readonly byOverrides: ShadowByOverrides;
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
  /** What each address says, in their order; `null` as above. */
  readonly servers: readonly (boolean | null)[];
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
  /** Prefixes whose shadow the server does not show as it is stored. */
  readonly denied: readonly string[];
  readonly environment: Pick<Environment, 'buckets'>;
}

/** A bucket by every address that answers, beside what is set for it. `servers`: of each address; `null`: no answer. */
export function compareBucket(
  bucket: BucketNames,
  servers: readonly (ServerFlags | null)[],
  { lines, flips, place, overrides, denied, environment }: WantedFlags,
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
  const stored = shadowByOverrides(overrides, environment, bucket, denied);
  // Under a bucket that is in shadow itself, what sets no shadow has the bucket's.
  const byOverrides = server.includes(true) ? { ...stored, reach: 'none' as const, unshadowed: [], parts: [] } : stored;
  return { bucket, server, file, pending, byOverrides, record, isDifferent: isTold && said.size > 1 };
}

/** The prefixes of which an address does not show the shadow that is stored. */
export function deniedIn(routes: readonly ListedRoute[]): readonly string[] {
  return routes.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix);
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

/** Routes that are asked for one by one, at most, and questions about them to all addresses together. */
const mostRoutes = 50;
const mostQuestions = 2000;

type AskPorts = Pick<EffectPorts, 'controlPlane' | 'deadline'>;

/** Every override that carries `shadow`, beside what each address that answered says for its route. */
export async function compareRoutes(
  ports: AskPorts,
  environment: Pick<Environment, 'buckets'>,
  servers: readonly (ServerFlags | null)[],
  listing: OverrideListing | null,
): Promise<readonly ListedRoute[]> {
  const shadowed = (listing?.overrides ?? []).filter(({ loaded }) => loaded?.fields?.isShadow !== undefined);
  const most = Math.max(1, Math.min(mostRoutes, Math.floor(mostQuestions / Math.max(1, servers.length))));
  const asked = shadowed.slice(0, most).filter(({ prefix }) => prefix !== '');
  const questions = asked.flatMap(({ prefix }) => servers.map((server) => ({ prefix, server })));
  const answers = await inParallel(questions, servers.length > 8 ? mostAtOnce : 8, async ({ prefix, server }) => {
    if (server === null) return null;
    const bucket = bucketOfRoute(environment, prefix);
    const name = server.flags.find((each) => each.bucket === bucket)?.serverName ?? 'read';
    return (await policySaid(ports, server, prefix, name))?.isShadow ?? null;
  });
  return shadowed.map((override) => {
    const isShadow = override.loaded?.fields?.isShadow === true;
    const at = asked.indexOf(override);
    const said = at < 0 ? [] : answers.slice(at * servers.length, (at + 1) * servers.length);
    return {
      override,
      bucket: bucketOfRoute(environment, override.prefix),
      isShadow,
      server: said.find((each) => each !== null) ?? null,
      servers: said,
      isDifferent: said.some((each) => each !== null && each !== isShadow),
    };
  });
}

/** The findings that something is not as it is wanted, or not the same everywhere. */
export function differencesAmong(
  buckets: readonly ListedBucket[],
  routes: readonly ListedRoute[],
  { global, targets }: { readonly global: GlobalLine | null; readonly targets: readonly string[] },
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
      .map((each) => bucketDifference({ ...each, name: each.bucket.name, targets })),
    ...routes
      .filter(({ isDifferent }) => isDifferent)
      .map(({ override, isShadow, servers }) => {
        const { prefix, hiddenBy } = override;
        const at = targets.filter((_, index) => servers[index] === !isShadow);
        return routeDifference({ prefix, isShadow, hiddenBy, at, total: targets.length });
      }),
  ];
}
