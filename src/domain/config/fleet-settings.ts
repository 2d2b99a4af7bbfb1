import { usageError } from '../errors.js';
import { parseDnsSource, type InstanceSource } from '../fleet/source.js';
import type { FleetSettings } from './environment.js';
import type { EnvironmentFile } from './schema.js';

type FleetFile = NonNullable<EnvironmentFile['fleet']>;

/** Reads the section `fleet` of an environment; `fill` puts variables in. Throws usage errors that name the key. */
export function fleetSettings(
  file: FleetFile | null,
  place: string,
  fill: (text: string, key: string) => string,
): FleetSettings {
  if (file === null) return { source: null, metricsPath: null, isPlainAllowed: false };
  const source = sourceOf(file, place, fill);
  return {
    source: source === null ? null : { source, place },
    metricsPath: file.metrics === undefined ? null : checkedPath(file.metrics, place),
    isPlainAllowed: file.plainHttp ?? false,
  };
}

function sourceOf(file: FleetFile, place: string, fill: (text: string, key: string) => string): InstanceSource | null {
  if ('dns' in file) {
    const server = file.nameServer === undefined ? null : fill(file.nameServer, 'nameServer');
    return { kind: 'dns', ...parseDnsSource(fill(file.dns, 'dns'), server, `${place}.dns`) };
  }
  if ('file' in file) return { kind: 'file', path: fill(file.file, 'file') };
  if ('command' in file) return { kind: 'command', argv: file.command };
  return 'prometheus' in file ? { kind: 'prometheus', job: fill(file.prometheus, 'prometheus') } : null;
}

function checkedPath(text: string, place: string): string {
  if (/^\/[\w\-./~%]*$/.test(text)) return text;
  throw usageError(`${place}.metrics: "${text}" is not a path`, 'Write it as /internal/metrics.');
}
