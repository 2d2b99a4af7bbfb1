import type { Context } from '../../context.js';
import { usesList, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { usageError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { describeInstances, parseDnsSource, type PlacedSource } from '../../domain/fleet/source.js';
import { findInstances } from '../../procedures/fleet/find-instances.js';
import type { InstanceFlags } from './instance-flags.js';

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
  if (fleet.source !== null && usesList(environment)) return fleet.source;
  const from = sources.get('api') ?? 'api';
  const place = from === 'flag' ? '--target' : from;
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
  const { labels } = prometheusAccess;
  return findInstances(ports, placed, { labels, isPlainAllowed: fleet.isPlainAllowed });
}
