import { createHash } from 'node:crypto';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Environment } from './domain/config/environment.js';
import { resolveEnvironment } from './domain/config/resolve.js';
import { parseConfigFile, type ConfigFile, type EnvironmentFile } from './domain/config/schema.js';
import type { SettingKey } from './domain/config/settings.js';
import { parseDetected, type Detected } from './domain/dialect/dialect.js';
import { usageError } from './domain/errors.js';
import type { CommandAddress } from './domain/printed-command.js';
import { parseFlagRecord, type FlagRecord } from './domain/shadow/flag-record.js';
import type { Files } from './ports/files.js';
import type { Host } from './ports/host.js';

/** The configuration as loaded: the file, whether it is trusted, and the environments it and the sandbox name. */
export interface Config {
  /** The file's path; `null`: none was found. */
  readonly path: string | null;
  readonly text: string;
  readonly isTrusted: boolean;
  /** True: trusted without anybody's word, because it was named by hand or is the user's own, or because there is none. */
  readonly isOwn: boolean;
  /** True: somebody trusted the file, and it has changed since. */
  readonly isChanged: boolean;
  readonly environments: ReadonlyMap<string, { readonly file: EnvironmentFile; readonly place: string }>;
  /** The names of the file's rollout plans, in its order. */
  readonly rollouts: readonly string[];
  /** The environment in use where no flag and no variable names one, and where that is said; `null`: none. */
  readonly current: CurrentEnvironment | null;
}

export interface CurrentEnvironment {
  readonly name: string;
  readonly source: string;
  /** True: `env use` chose it, in rlctl's own state; false: the file says so. */
  readonly isChoice: boolean;
}

export interface ConfigPorts {
  readonly host: Pick<Host, 'cwd' | 'env'>;
  readonly files: Files;
}

/** What rlctl itself remembers between runs, under `$XDG_STATE_HOME/rlctl/state.json`; never a secret. */
export interface State {
  /** Environment chosen with `env use`, by configuration file. */
  readonly current: Readonly<Record<string, string>>;
  /** SHA-256 of the project files somebody trusted, by path. */
  readonly trusted: Readonly<Record<string, string>>;
  /** What was seen last, by environment and address: tried first, said in a verdict, never relied on. */
  readonly detected: Readonly<Record<string, Detected>>;
  /** What `shadow on` found where the history cannot hold it, by environment and bucket. */
  readonly shadows: Readonly<Record<string, FlagRecord>>;
}

/** The folder of rlctl's own state. */
export function stateFolder(env: Host['env']): string {
  const base = env['XDG_STATE_HOME'];
  return join(base && isAbsolute(base) ? base : join(env['HOME'] ?? '/', '.local', 'state'), 'rlctl');
}

/** Reads the state; unreadable or absent is an empty one, because nothing in it is needed. */
export async function loadState(ports: ConfigPorts): Promise<State> {
  const text = await ports.files.readText(join(stateFolder(ports.host.env), 'state.json'));
  const stored = parseObject(text);
  const texts = (value: unknown): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(objectOr(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  const detected = Object.entries(objectOr(stored['detected'])).flatMap(([key, value]) => {
    const seen = parseDetected(objectOr(value));
    return seen === null ? [] : [[key, seen] as const];
  });
  const shadows = Object.entries(objectOr(stored['shadows'])).flatMap(([key, value]) => {
    const record = parseFlagRecord(value);
    return record === null ? [] : [[key, record] as const];
  });
  return {
    current: texts(stored['current']),
    trusted: texts(stored['trusted']),
    detected: Object.fromEntries(detected),
    shadows: Object.fromEntries(shadows),
  };
}

function objectOr(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parseObject(text: string | null): Readonly<Record<string, unknown>> {
  try {
    return objectOr(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}

/** Changes the state on the bytes that are there now. A state that holds nothing any more leaves no file. */
export async function updateState(ports: ConfigPorts, change: (state: State) => State): Promise<void> {
  const path = join(stateFolder(ports.host.env), 'state.json');
  const state = change(await loadState(ports));
  const isEmpty = Object.values(state).every((part: object) => Object.keys(part).length === 0);
  if (isEmpty) await ports.files.remove(path);
  else await ports.files.writePrivate(path, `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * Where the last reload sent to a server is kept: a small file for each, replaced whole, so that two commands at once lose
 * nothing but the older of the two.
 */
export function lastReloadPath(env: Host['env'], server: string): string {
  return serverFile(env, 'reloads', server);
}

/** Where the flags last set at a server through an env file or a program are kept, in the same way. */
export function flagFlipsPath(env: Host['env'], server: string): string {
  return serverFile(env, 'flips', server);
}

function serverFile(env: Host['env'], folder: string, server: string): string {
  return join(stateFolder(env), folder, `${createHash('sha256').update(server).digest('hex').slice(0, 16)}.json`);
}

/** Where the last point of an environment's history that was found right is kept. */
export function auditHeadPath(env: Host['env'], environment: string): string {
  return serverFile(env, 'audits', environment);
}

/** Where it is kept which addresses of an environment refused the signature. */
export function refusedSignaturesPath(env: Host['env'], environment: string): string {
  return serverFile(env, 'signatures', environment);
}

/** Where the last fleet reload of an environment is kept, instance by instance. */
export function lastFleetReloadPath(env: Host['env'], environment: string): string {
  return join(
    stateFolder(env),
    'fleets',
    `${createHash('sha256').update(environment).digest('hex').slice(0, 16)}.json`,
  );
}

/** The digest under which a project file is trusted. */
export function configDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The user's own configuration file, used where no project file is found. */
export function userConfigPath(env: Host['env']): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(base && isAbsolute(base) ? base : join(env['HOME'] ?? '/', '.config'), 'rlctl', 'config.yaml');
}

/**
 * Loads the configuration: `named` (from --config or RLCTL_CONFIG), else the nearest rlctl.yaml upwards, else the user's
 * own. Only a project file found upwards needs trust. Throws usage errors that name the file and the key.
 */
export async function loadConfig(ports: ConfigPorts, named: string | null): Promise<Config> {
  const { host, files } = ports;
  const [found, state, sandbox] = await Promise.all([
    named === null ? findFile(ports) : namedFile(ports, resolve(host.cwd, named)),
    loadState(ports),
    files.readText(sandboxPath(host.env)),
  ]);
  const parsed: ConfigFile =
    found === null
      ? {}
      : parseConfigFile((await import('./config-file.js')).parseYaml(found.text, found.path), found.path);
  const environments = new Map<string, { file: EnvironmentFile; place: string }>();
  const registered = parseSandbox(sandbox);
  if (registered !== null) environments.set('sandbox', { file: registered.environment, place: 'rlctl sandbox' });
  for (const [name, file] of Object.entries(parsed.environments ?? {}))
    environments.set(name, { file, place: found?.path ?? '' });
  const chosen = state.current[found?.path ?? ''];
  const trusted = state.trusted[found?.path ?? ''];
  const isTrusted = found === null || found.isTrusted || trusted === configDigest(found.text);
  return {
    path: found?.path ?? null,
    text: found?.text ?? '',
    isTrusted,
    isOwn: found?.isTrusted ?? true,
    isChanged: !isTrusted && trusted !== undefined,
    environments,
    rollouts: Object.keys(parsed.rollouts ?? {}),
    current: chosen
      ? { name: chosen, source: 'rlctl env use', isChoice: true }
      : parsed.current
        ? { name: parsed.current, source: `${found?.path}: current`, isChoice: false }
        : null,
  };
}

/** What a running sandbox has registered: its process and the environment by which it is reached. */
export interface SandboxRegistration {
  readonly pid: number;
  readonly environment: EnvironmentFile;
}

/** Where a running sandbox registers itself. */
export function sandboxPath(env: Host['env']): string {
  return join(stateFolder(env), 'sandbox.json');
}

/** The registration as text holds it; `null`: none, or unreadable. */
function parseSandbox(text: string | null): SandboxRegistration | null {
  const { pid, environment } = parseObject(text);
  if (typeof pid !== 'number' || typeof environment !== 'object' || environment === null) return null;
  return { pid, environment };
}

async function namedFile(ports: ConfigPorts, path: string) {
  const text = await ports.files.readText(path);
  if (text === null)
    throw usageError(`there is no configuration file ${path}`, 'Check --config or RLCTL_CONFIG.', 'CONFIG_MISSING');
  return { path, text, isTrusted: true };
}

async function findFile(ports: ConfigPorts) {
  for (let folder = ports.host.cwd; ; folder = dirname(folder)) {
    const path = join(folder, 'rlctl.yaml');
    const text = await ports.files.readText(path);
    if (text !== null) return { path, text, isTrusted: false };
    if (folder === dirname(folder)) break;
  }
  const path = userConfigPath(ports.host.env);
  const text = await ports.files.readText(path);
  return text === null ? null : { path, text, isTrusted: true };
}

export interface EnvironmentChoice {
  /** From -e or RLCTL_ENV; `null`: not said. */
  readonly name: string | null;
  readonly flags: Partial<Record<SettingKey, string>>;
  /** How commands that are printed name it; absent: they need not. */
  readonly address?: CommandAddress;
}

/** The name of the environment in use and who says so; throws a usage error that lists the environments there are. */
export function chooseEnvironment(
  config: Config,
  name: string | null,
): { readonly name: string; readonly source: string } {
  // A running sandbox never changes which environment a configuration file's own commands go to.
  const own = [...config.environments].filter(([, { place }]) => place === config.path).map(([key]) => key);
  const candidates = own.length > 0 ? own : [...config.environments.keys()];
  const only = candidates.length === 1 ? candidates[0] : undefined;
  const chosen =
    name !== null
      ? { name, source: '-e or RLCTL_ENV' }
      : (config.current ?? (only ? { name: only, source: 'the only one' } : null));
  if (chosen === null && config.environments.size === 0) return { name: 'default', source: 'no configuration file' };
  if (chosen !== null && config.environments.has(chosen.name)) return chosen;
  const known = [...config.environments.keys()].join(', ') || 'none';
  if (chosen === null) {
    throw usageError(
      `no environment is chosen; there are: ${known}`,
      'Name one with -e NAME, or run: rlctl env use NAME',
      'NO_ENVIRONMENT',
    );
  }
  throw usageError(
    `there is no environment "${chosen.name}" (${chosen.source}); there are: ${known}`,
    `${
      chosen.name === 'sandbox'
        ? 'Start one with: rlctl sandbox up'
        : 'See: rlctl env list; add one with: rlctl env add NAME --api URL'
    }${name === null && config.current?.isChoice === true ? '; or forget the choice with: rlctl env use --none' : ''}`,
    'UNKNOWN_ENVIRONMENT',
  );
}

/** Resolves the chosen environment from file, variables and flags. */
export function environmentOf(config: Config, choice: EnvironmentChoice, env: Host['env']): Environment {
  const { name } = chooseEnvironment(config, choice.name);
  const entry = config.environments.get(name);
  return resolveEnvironment({
    name,
    file: entry?.file ?? null,
    filePlace: entry?.place ?? 'no file',
    isTrusted: config.isTrusted || entry?.place !== config.path,
    isChanged: config.isChanged && entry?.place === config.path,
    env,
    flags: choice.flags,
    ...(choice.address === undefined ? {} : { address: choice.address }),
  });
}
