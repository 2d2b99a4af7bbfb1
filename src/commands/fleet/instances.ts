import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { parseDurationMs } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { describeInstances, parseDnsSource, type PlacedSource } from '../../domain/fleet/source.js';
import { findInstances } from '../../procedures/fleet/find-instances.js';
import { listFlag, textFlag, type Flags } from '../command.js';

/** Which instances, and how many at once. */
export interface InstanceFlags {
  readonly targets: readonly string[];
  readonly dns: string | null;
  readonly file: string | null;
  readonly prometheus: string | null;
  /** `null`: not said. */
  readonly parallel: number | null;
  readonly timeoutMs: number | null;
}

const usualParallel = 32;
const mostParallel = 256;
const usualTimeoutMs = 3000;

/** The flags that name instances; `--target` is registered by whoever has it already. */
export function addInstanceFlags(command: Command): void {
  const group = 'Fleet:';
  command
    .addOption(
      new Option('--targets-dns <name>', 'every address of NAME[:PORT] or http://NAME[:PORT]').helpGroup(group),
    )
    .addOption(new Option('--targets-file <file>', 'file with one URL per line; - is stdin').helpGroup(group))
    .addOption(
      new Option('--targets-prometheus <job>', 'what the environment’s Prometheus scrapes as this job').helpGroup(
        group,
      ),
    )
    .addOption(new Option('--parallel <n>', `instances at once (${usualParallel})`).helpGroup(group))
    .addOption(
      new Option('--instance-timeout <duration>', 'the longest that one instance may take (3s)').helpGroup(group),
    );
}

export function instanceFlags(flags: Flags): InstanceFlags {
  const timeout = textFlag(flags, 'instanceTimeout');
  return {
    targets: listFlag(flags, 'target'),
    dns: textFlag(flags, 'targetsDns'),
    file: textFlag(flags, 'targetsFile'),
    prometheus: textFlag(flags, 'targetsPrometheus'),
    parallel: wholeFlag(flags, 'parallel', '--parallel', 1, mostParallel),
    timeoutMs: timeout === null ? null : parseDurationMs(timeout, '--instance-timeout'),
  };
}

/** A flag that is a whole number within bounds; `null`: not given. */
export function wholeFlag(flags: Flags, key: string, name: string, least: number, most: number): number | null {
  const text = textFlag(flags, key);
  if (text === null) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${name}: "${text}" is not a whole number from ${least} to ${most}`, `Give ${name} ${least}, say.`);
}

/** How many at once, and for how long each. */
export function pace({ parallel, timeoutMs }: InstanceFlags): {
  readonly parallel: number;
  readonly timeoutMs: number;
} {
  return { parallel: parallel ?? usualParallel, timeoutMs: timeoutMs ?? usualTimeoutMs };
}

/**
 * Where the instances are listed: the flags, else RLCTL_API, else `fleet`, else `api`. Throws a usage error where two flags
 * name them, or nothing does.
 */
export function sourceOfInstances(environment: Environment, flags: InstanceFlags): PlacedSource {
  const named = flagSources(flags);
  const [first, second] = named;
  if (first !== undefined && second !== undefined) {
    throw usageError(
      `${first.place} and ${second.place} both name the instances`,
      'Give one of them.',
      'FLEET_SOURCES',
    );
  }
  if (first !== undefined) return first;
  const { api, sources, fleet, name } = environment;
  const place = sources.get('api') ?? 'api';
  if (fleet.source !== null && place !== 'RLCTL_API') return fleet.source;
  if (api.length > 0) return { source: { kind: 'list', origins: api }, place };
  throw usageError(
    `the environment "${name}" names no instance`,
    'Set environments.NAME.api or environments.NAME.fleet in rlctl.yaml, or give --target URL, --targets-dns, --targets-file or --targets-prometheus.',
    'NO_API',
  );
}

function flagSources({ targets, dns, file, prometheus }: InstanceFlags): readonly PlacedSource[] {
  return [
    ...(targets.length === 0 ? [] : [{ source: { kind: 'list', origins: targets } as const, place: '--target' }]),
    ...(dns === null
      ? []
      : [{ source: { kind: 'dns', ...parseDnsSource(dns, null, '--targets-dns') } as const, place: '--targets-dns' }]),
    ...(file === null ? [] : [{ source: { kind: 'file', path: file } as const, place: '--targets-file' }]),
    ...(prometheus === null
      ? []
      : [{ source: { kind: 'prometheus', job: prometheus } as const, place: '--targets-prometheus' }]),
  ];
}

/** The instances that a source lists. A file that nobody has vouched for runs nothing and reads nothing. */
export async function listInstances(
  context: Context,
  environment: Environment,
  placed: PlacedSource,
): Promise<readonly Instance[]> {
  const { untrustedFile, isChangedSinceTrusted: isChanged, fleet, prometheusAccess } = environment;
  const { kind } = placed.source;
  if (untrustedFile !== null && placed === fleet.source && (kind === 'command' || kind === 'file')) {
    throw untrusted(untrustedFile, 'a file to read or a program to run', { isChanged });
  }
  context.progress.step(`listing instances: ${describeInstances(placed.source)}`);
  const ports = { sources: await context.instanceSources(environment), deadline: context.deadline };
  return findInstances(ports, placed, prometheusAccess.labels);
}
