import { RlctlError, usageError } from '../errors.js';
import { fleetSettings } from './fleet-settings.js';
import { historyLimits } from './history-limits.js';
import { notifyTargets } from './notify-settings.js';
import { checkedOrigin } from './origin.js';
import { parseGuards } from '../guard/parse.js';
import { bareAddress, type CommandAddress } from '../printed-command.js';
import { Secret } from '../secret.js';
import type { Environment, Probe, Requirement, SecretSource, SourceAccess } from './environment.js';
import type { EnvironmentFile } from './schema.js';
import { redisTls, type RedisTls } from './redis-tls.js';
import { untrusted, type UntrustedFacts } from './trust.js';
import { environmentSettings, type SettingKey } from './settings.js';

/** What an environment is resolved from. */
export interface EnvironmentSources {
  readonly name: string;
  /** Its entry in the file; `null`: no file has one. */
  readonly file: EnvironmentFile | null;
  /** The file's path as shown to people. */
  readonly filePlace: string;
  /** False for a project file found upwards that nobody trusted: then no variable reaches it. */
  readonly isTrusted: boolean;
  /** True: it was trusted, and has changed since; absent: it has not. */
  readonly isChanged?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values given as flags, by setting. */
  readonly flags: Partial<Record<SettingKey, string>>;
  /** How commands that are printed name it; absent: they need not. */
  readonly address?: CommandAddress;
}

const defaultBasePaths = ['/internal', '/api/v1/internal'] as const;

interface Found<T> {
  readonly value: T;
  readonly source: string;
}

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

/** The text of a setting by precedence; `null`: nothing sets it. */
function findText(from: EnvironmentSources, key: SettingKey): Found<string> | null {
  const setting = environmentSettings.find((each) => each.key === key);
  const flag = from.flags[key];
  if (flag !== undefined) return { value: flag, source: 'flag' };
  const own = setting?.variable ? from.env[setting.variable] : undefined;
  if (own) return { value: own, source: setting?.variable ?? '' };
  const file = fileText(from, key);
  const limiter = setting?.limiterVariable ? from.env[setting.limiterVariable] : undefined;
  if (file === null)
    return limiter && from.isTrusted ? { value: limiter, source: setting?.limiterVariable ?? '' } : null;
  if (limiter && limiter !== file && key !== 'secret') throw contradiction(from, key, setting?.limiterVariable ?? '');
  return { value: file, source: from.filePlace };
}

function contradiction(from: EnvironmentSources, key: SettingKey, variable: string): RlctlError {
  return new RlctlError(
    'usage',
    `${variable} contradicts the environment "${from.name}": ${from.filePlace} says another ${key}`,
    {
      code: 'ENVIRONMENT_CONTRADICTION',
      hint: `Unset ${variable}, or choose the environment it belongs to with -e.`,
    },
  );
}

function fileText(from: EnvironmentSources, key: SettingKey): string | null {
  const entry = from.file?.[key];
  const value = key === 'prometheus' || key === 'metrics' ? addressOf(from.file?.[key]) : entry;
  if (Array.isArray(value)) {
    return interpolate(value.filter((each) => typeof each === 'string').join(','), from, key);
  }
  return value === undefined || typeof value === 'object' ? null : interpolate(String(value), from, key);
}

function addressOf(entry: EnvironmentFile['prometheus']): string | undefined {
  return typeof entry === 'object' ? entry.url : entry;
}

/** `${NAME}` stands for a variable of the process, in files that are trusted only. */
function interpolate(text: string, from: EnvironmentSources, key: string): string {
  return text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const place = `${from.filePlace}: environments.${from.name}.${key}`;
    if (!from.isTrusted) throw untrusted(from.filePlace, `the value of \${${name}}`, factsOf(from));
    const value = from.env[name];
    if (!value) throw usageError(`${place} needs the variable ${name}, which is not set`, `Set ${name} and run again.`);
    return value;
  });
}

/** What a change has to carry: what the file says, else a reason and an end where the environment is protected. */
function requirementsOf(said: readonly string[] | null, isProtected: boolean): readonly Requirement[] {
  return (said as readonly Requirement[] | null) ?? (isProtected ? ['reason', 'end'] : []);
}

function factsOf({ isChanged, file }: EnvironmentSources): UntrustedFacts {
  return {
    isChanged: isChanged === true,
    requirements: requirementsOf(file?.require ?? null, file?.protected === true),
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

/** Checks an address of metrics, which may have a path; credentials stand beside it, where `env show` can hide them. */
function sourceAddress(text: string | null, place: string): string | null {
  if (text === null) return null;
  const refuse = (why: string, hint: string): never => {
    throw usageError(`${place}: ${why}`, hint, 'SOURCE_ADDRESS');
  };
  const example = 'Write it as https://prometheus.example.com/path.';
  const shown = text.includes('@') ? 'the address' : `"${text}"`;
  if (!URL.canParse(text)) return refuse(`${shown} is not an address`, example);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse(`${shown} is not http: or https:`, example);
  if (url.username || url.password) {
    const cure = 'Write {url: …, basic: {username: …, password: {file: …}}} instead.';
    return refuse('an address must not hold a user name or password', cure);
  }
  if (url.search || url.hash) return refuse(`${shown} has a query or a fragment`, example);
  return text;
}

/** What an entry of the file says beside its address: nothing of it goes to an address that a variable or a flag names. */
function sourceAccess(
  from: EnvironmentSources,
  key: 'prometheus' | 'metrics',
  sources: ReadonlyMap<SettingKey, string>,
): SourceAccess {
  const entry = from.file?.[key];
  if (typeof entry !== 'object' || sources.get(key) !== from.filePlace) return { auth: null, labels: new Map() };
  const labels = new Map(
    Object.entries(('labels' in entry ? entry.labels : null) ?? {}).map(([name, value]) => [
      checkedLabel(name, `${from.filePlace}: environments.${from.name}.${key}.labels`),
      interpolate(value, from, `${key}.labels.${name}`),
    ]),
  );
  if ('bearer' in entry) return { labels, auth: { kind: 'bearer', token: sourceFromFile(entry.bearer) } };
  if (!('basic' in entry)) return { labels, auth: null };
  const { username, password } = entry.basic;
  const user = interpolate(username, from, `${key}.basic.username`);
  return { labels, auth: { kind: 'basic', username: user, password: sourceFromFile(password) } };
}

function checkedLabel(name: string, place: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw usageError(`${place}: "${name}" is no name of a label`, 'Use letters, digits and underscores.');
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

function secretSource(from: EnvironmentSources, sources: Map<SettingKey, string>): SecretSource | null {
  const variable = from.env['RLCTL_SECRET_FILE'];
  const inFile = from.file?.secret;
  const found: Found<SecretSource> | null =
    from.flags.secret !== undefined
      ? {
          value: from.flags.secret === '-' ? { kind: 'stdin' } : { kind: 'file', path: from.flags.secret },
          source: 'flag',
        }
      : variable
        ? { value: { kind: 'file', path: variable }, source: 'RLCTL_SECRET_FILE' }
        : inFile
          ? { value: sourceFromFile(inFile), source: from.filePlace }
          : from.env['CONFIG_RELOAD_SECRET'] && from.isTrusted
            ? { value: { kind: 'env', variable: 'CONFIG_RELOAD_SECRET' }, source: 'CONFIG_RELOAD_SECRET' }
            : null;
  sources.set('secret', found?.source ?? 'default');
  return found?.value ?? null;
}

function sourceFromFile(secret: NonNullable<EnvironmentFile['secret']>): SecretSource {
  if ('file' in secret) return { kind: 'file', path: secret.file };
  if ('env' in secret) return { kind: 'env', variable: secret.env };
  return { kind: 'command', argv: secret.command };
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
