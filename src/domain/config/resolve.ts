import { usageError } from '../errors.js';
import { fleetSettings } from './fleet-settings.js';
import { historyLimits } from './history-limits.js';
import { notifyTargets } from './notify-settings.js';
import { checkedOrigin } from './origin.js';
import { parseGuards } from '../guard/parse.js';
import { bareAddress } from '../printed-command.js';
import { Secret } from '../secret.js';
import type { Environment, Probe } from './environment.js';
import type { EnvironmentFile } from './schema.js';
import { redisTls, type RedisTls } from './redis-tls.js';
import { untrusted } from './trust.js';
import type { SettingKey } from './settings.js';
import { factsOf, findText, interpolate, requirementsOf, type EnvironmentSources } from './environment-sources.js';
import { sourceAccess, sourceAddress } from './metrics-address.js';
import { secretSource, sourceFromFile } from './secret-source.js';

const defaultBasePaths = ['/internal', '/api/v1/internal'] as const;

/**
 * Resolves one environment: flag > RLCTL variable > file > default; the limiter's own variables only fill gaps, and one
 * that contradicts what the environment says is a usage error, because somebody is about to change the wrong place.
 */
export function resolveEnvironment(from: EnvironmentSources): Environment {
  const sources = new Map<SettingKey, string>();
  const text = (key: SettingKey): string | null => {
    const found = findText(from, key);
    sources.set(key, found?.source ?? 'default');
    return found?.value ?? null;
  };
  const structured = <T>(key: SettingKey, value: T | undefined): T | null => {
    sources.set(key, value === undefined ? 'default' : from.filePlace);
    return value ?? null;
  };
  const file = from.file;
  const isProtected = structured('protected', file?.protected) ?? false;
  const requirements = requirementsOf(structured('require', file?.require), isProtected);
  const basePath = text('basePath');
  const redis = text('redis');
  return {
    name: from.name,
    address: { ...(from.address ?? bareAddress), wants: { name: from.name, isProtected, requirements } },
    isProtected,
    api: list(text('api')).map((url) => checkedOrigin(url, apiPlace(from, sources.get('api')))),
    basePaths: basePath === null ? defaultBasePaths : [checkedBasePath(basePath, sources.get('basePath') ?? '')],
    origin: text('origin'),
    siteMode: text('siteMode'),
    namespace: text('namespace'),
    redis: redis === null ? null : new Secret(redis),
    redisTls: redisTlsOf(from, structured('redisTls', file?.redisTls), redis),
    secret: secretSource(from, sources),
    signing:
      typeof file?.signing === 'object' ? (structured('signing', file.signing) ?? 'auto') : (text('signing') ?? 'auto'),
    workers: workersOf(text('workers'), sources.get('workers') ?? ''),
    probes: probesOf(from, sources),
    buckets: bucketsOf(structured('buckets', file?.buckets)),
    requirements,
    guards: guardsOf(from, structured('guards', file?.guards)),
    prometheus: sourceAddress(text('prometheus'), `${sources.get('prometheus')}: prometheus`),
    prometheusAccess: sourceAccess(from, 'prometheus', sources),
    metrics: sourceAddress(text('metrics'), `${sources.get('metrics')}: metrics`),
    metricsAccess: sourceAccess(from, 'metrics', sources),
    shadowDriver: structured('shadowDriver', file?.shadowDriver) ?? 'overrides',
    killSwitch: structured('killSwitch', file?.killSwitch),
    fleet: fleetOf(from, structured('fleet', file?.fleet) ?? null),
    notify: notifyTargets(structured('notify', file?.notify) ?? [], {
      place: `${from.filePlace}: environments.${from.name}.notify`,
      fill: (text, key) => interpolate(text, from, key),
      sourceOf: sourceFromFile,
    }),
    history: historyLimits(
      structured('history', file?.history),
      `${from.filePlace}: environments.${from.name}.history`,
    ),
    untrustedFile: from.isTrusted ? null : from.filePlace,
    isChangedSinceTrusted: from.isChanged === true,
    sources,
  };
}

function list(text: string | null): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The flag, the variable or the place in the file that an API address was given by. */
function apiPlace({ name, filePlace }: EnvironmentSources, source: string | undefined): string {
  if (source === 'flag') return '--target';
  return source === filePlace ? `${filePlace}: environments.${name}.api` : (source ?? 'api');
}

function checkedBasePath(text: string, source: string): string {
  if (/^\/[\w\-./~%]*[^/]$/.test(text)) return text;
  throw usageError(`${source}: base path "${text}" must start with / and not end with it`, 'Write it as /internal.');
}

function workersOf(text: string | null, source: string): number | null {
  if (text === null) return null;
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1) return Number(text);
  throw usageError(
    `${source}: workers "${text}" is not a whole number from 1`,
    'Write the number of processes, e.g. 4.',
  );
}

function probesOf(from: EnvironmentSources, sources: Map<SettingKey, string>): readonly Probe[] {
  const variable = from.flags.probe ?? from.env['RLCTL_PROBE'];
  const probes = variable
    ? list(variable).map((url) => ({ url, bucket: null }))
    : (from.file?.probe ?? []).map(({ url, bucket }) => ({ url, bucket: bucket ?? null }));
  const source = from.flags.probe ? 'flag' : variable ? 'RLCTL_PROBE' : from.file?.probe ? from.filePlace : 'default';
  sources.set('probe', source);
  for (const { url } of probes) checkedProbe(url, source);
  return probes;
}

function checkedProbe(url: string, source: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw usageError(
    `${source}: probe "${url}" is not an http or https address`,
    'Write it as https://api.example.com/api/search.',
  );
}

function bucketsOf(file: EnvironmentFile['buckets'] | null): Environment['buckets'] {
  return new Map(
    Object.entries(file ?? {}).map(([name, { routes, alias }]) => [name, { routes: routes ?? [], alias: alias ?? [] }]),
  );
}

function guardsOf(from: EnvironmentSources, file: EnvironmentFile['guards'] | null): Environment['guards'] {
  return parseGuards(file ?? [], `${from.filePlace}: environments.${from.name}.guards`);
}

function redisTlsOf(
  from: EnvironmentSources,
  file: EnvironmentFile['redisTls'] | null,
  redis: string | null,
): RedisTls {
  const place = `${from.filePlace}: environments.${from.name}.redisTls`;
  // The key proves who we are: to a server that an unknown file names it must not.
  if (file?.key !== undefined && !from.isTrusted) throw untrusted(from.filePlace, 'a TLS key', factsOf(from));
  if (file && redis !== null && redis === from.file?.redis && !/^rediss[+:]/i.test(redis))
    throw usageError(
      `${place}: the address of Redis asks for no TLS, so this would have no effect`,
      'Write rediss:// instead of redis:// (rediss+sentinel://, rediss+cluster://).',
    );
  return redisTls(file, place);
}

function fleetOf(from: EnvironmentSources, file: NonNullable<EnvironmentFile['fleet']> | null): Environment['fleet'] {
  const place = `${from.filePlace}: environments.${from.name}.fleet`;
  const settings = fleetSettings(file, place, (text, key) => interpolate(text, from, `fleet.${key}`));
  // Whoever can write a file that nobody vouched for must not make signatures readable.
  return { ...settings, isPlainAllowed: settings.isPlainAllowed && from.isTrusted };
}
