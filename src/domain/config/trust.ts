import { RlctlError } from '../errors.js';
import { templateWords } from '../shell-words.js';
import type { Requirement } from './environment.js';
import { receiverNames } from './notify-settings.js';
import type { EnvironmentFile } from './schema.js';

/** What is known beside the file itself; absent: nothing. */
export interface UntrustedFacts {
  /** True: it was trusted, and is not any more what was trusted. */
  readonly isChanged?: boolean;
  /** What a change on that environment has to carry besides. */
  readonly requirements?: readonly Requirement[];
}

/** A file found upwards that nobody has vouched for wants something that an untrusted file does not get. */
export function untrusted(filePlace: string, what: string, facts: UntrustedFacts = {}): RlctlError {
  const why = facts.isChanged === true ? 'changed since you trusted it' : 'is not trusted yet';
  return new RlctlError('guard', `${filePlace} ${why}, so it does not receive ${what}`, {
    code: 'CONFIG_UNTRUSTED',
    hint: 'See what it asks for with: rlctl env trust --dry-run, read it, then run: rlctl env trust',
    details: { isChanged: facts.isChanged === true, requirements: facts.requirements ?? [] },
  });
}

/** One thing that a file gets once it is trusted. */
export interface Grant {
  readonly environment: string;
  /** `address`: signatures go there. `metrics`: figures are read there. `receiver`: it is told what happens. `program`: it is run. `file`, `variable`: its content is read. `envFile`: it is written, too. */
  readonly kind: 'address' | 'metrics' | 'receiver' | 'program' | 'file' | 'envFile' | 'variable';
  readonly value: string;
  /** The receivers that it is for, as they are called; absent: it is for none of them. */
  readonly receivers?: readonly string[];
}

/** What a file that lists instances holds now: their addresses; `null`: it cannot be told, or some of it is no address. */
export type ListedNow = (path: string) => readonly string[] | null;

/**
 * Everything that trust in a file gives it, in its order. An address of Redis is told by its variables alone; of a program
 * that lists instances what it would print is not known, because it is not run to find out.
 */
export function grantsOf(environments: ReadonlyMap<string, EnvironmentFile>, listedNow: ListedNow): readonly Grant[] {
  return [...environments].flatMap(([environment, file]) => {
    const metrics = [...metricsOf(file.prometheus), ...metricsOf(file.metrics)];
    const found = [
      ...addressesOf(file),
      ...secretOf(file.secret),
      ...metrics,
      ...driverOf(file),
      ...fleetOf(file, listedNow),
    ].map(plain);
    const all = [...found, ...told(file), ...variablesOf(file).map(plain)];
    return all.map(({ receivers, ...grant }) => ({
      environment,
      ...grant,
      ...(receivers.length === 0 ? {} : { receivers }),
    }));
  });
}

type Granted = readonly [Grant['kind'], string];

type Told = Required<Omit<Grant, 'environment'>>;

function plain([kind, value]: Granted): Told {
  return { kind, value, receivers: [] };
}

function addressesOf({ api }: EnvironmentFile): readonly Granted[] {
  return [api ?? []].flat().map((value) => ['address', value] as const);
}

/** Where metrics are read, with the credential that goes there. */
function metricsOf(source: EnvironmentFile['prometheus' | 'metrics']): readonly Granted[] {
  if (source === undefined) return [];
  if (typeof source === 'string') return [['metrics', source]];
  const address = ['metrics', source.url] as const;
  if ('bearer' in source) return [address, ...secretOf(source.bearer)];
  return 'basic' in source ? [address, ...secretOf(source.basic.password)] : [address];
}

/**
 * Who is told what happens, with the credential that goes there: each once, with all receivers that it is for. Of an
 * address the origin: the rest may be a secret.
 */
function told({ notify }: EnvironmentFile): readonly Told[] {
  const entries = notify ?? [];
  const names = receiverNames(entries);
  const grants = new Map<string, Told>();
  for (const [index, entry] of entries.entries()) {
    const address = 'webhook' in entry ? entry.webhook : entry.grafana;
    const shown = URL.canParse(address) ? new URL(address).origin : 'an address made of variables';
    const secret = 'webhook' in entry ? entry.secret : 'token' in entry ? entry.token : entry.basic.password;
    for (const [kind, value] of [['receiver', shown] as const, ...secretOf(secret)]) {
      const key = `${kind} ${value}`;
      grants.set(key, { kind, value, receivers: [...(grants.get(key)?.receivers ?? []), names[index] ?? ''] });
    }
  }
  return [...grants.values()];
}

function secretOf(secret: EnvironmentFile['secret']): readonly Granted[] {
  if (secret === undefined) return [];
  if ('file' in secret) return [['file', secret.file]];
  return [['env' in secret ? 'variable' : 'program', 'env' in secret ? secret.env : templateWords(secret.command)]];
}

function driverOf({ shadowDriver, killSwitch }: EnvironmentFile): readonly Granted[] {
  const programs = [shadowDriver, killSwitch].flatMap((each) =>
    typeof each === 'object' && 'exec' in each ? [['program', templateWords(each.exec)] as const] : [],
  );
  const isFile = typeof shadowDriver === 'object' && 'env-file' in shadowDriver;
  return isFile ? [['envFile', shadowDriver['env-file']], ...programs] : programs;
}

function fleetOf({ fleet, prometheus }: EnvironmentFile, listedNow: ListedNow): readonly Granted[] {
  if (fleet === undefined) return [];
  const plain = fleet.plainHttp === true ? [['address', 'http:// at private addresses (plainHttp)'] as const] : [];
  return [...listOf(fleet, prometheus, listedNow), ...plain];
}

const mostNamed = 20;

function listOf(
  fleet: NonNullable<EnvironmentFile['fleet']>,
  prometheus: EnvironmentFile['prometheus'],
  listedNow: ListedNow,
): readonly Granted[] {
  if ('command' in fleet)
    return [
      ['program', templateWords(fleet.command)],
      ['address', `every address that ${fleet.command[0] ?? ''} prints, then and later`],
    ];
  if ('file' in fleet) return [['file', fleet.file], ...inFile(fleet.file, listedNow(fleet.file))];
  if ('dns' in fleet) {
    const asked = fleet.nameServer === undefined ? '' : `, as ${fleet.nameServer} says`;
    return [
      ['address', fleet.dns],
      ['address', `every address that this name resolves to, then and later${asked}`],
    ];
  }
  if (!('prometheus' in fleet)) return [];
  const where = typeof prometheus === 'object' ? prometheus.url : (prometheus ?? 'Prometheus');
  return [['address', `every target of the job ${fleet.prometheus} in ${where}, then and later`]];
}

/** The list may become another one without the trusted file changing. */
function inFile(path: string, listed: readonly string[] | null): readonly Granted[] {
  const shown = (listed ?? []).slice(0, mostNamed);
  const more = (listed?.length ?? 0) - shown.length;
  const rest = more > 0 ? `${more} more in ${path}, and whatever it lists later` : `whatever ${path} lists later`;
  const now = listed === null ? `whatever ${path} lists: that cannot be told now` : rest;
  return [...shown, now].map((value) => ['address', value] as const);
}

/** The variables whose values stand in for `${NAME}`. */
function variablesOf(file: EnvironmentFile): readonly Granted[] {
  const names = JSON.stringify(file).matchAll(/\$\{([A-Za-z_]\w*)\}/g);
  return [...new Set([...names].map((match) => match[1] ?? ''))].map((name) => ['variable', name] as const);
}
