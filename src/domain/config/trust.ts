import { RlctlError } from '../errors.js';
import type { Requirement } from './environment.js';
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
  /** `address`: signatures go there. `metrics`: figures are read there. `receiver`: it is told what happens. `program`: it is run. `file`, `variable`: its content is read. */
  readonly kind: 'address' | 'metrics' | 'receiver' | 'program' | 'file' | 'variable';
  readonly value: string;
}

/** Everything that trust in a file gives it, in its order. An address of Redis is told by its variables alone. */
export function grantsOf(environments: ReadonlyMap<string, EnvironmentFile>): readonly Grant[] {
  return [...environments].flatMap(([environment, file]) => {
    const metrics = [...metricsOf(file.prometheus), ...metricsOf(file.metrics)];
    const found = [
      ...addressesOf(file),
      ...secretOf(file.secret),
      ...metrics,
      ...driverOf(file),
      ...fleetOf(file),
      ...told(file),
    ];
    const all = [...found, ...variablesOf(file)];
    return all.map(([kind, value]) => ({ environment, kind, value }));
  });
}

type Granted = readonly [Grant['kind'], string];

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

/** Who is told what happens, with the credential that goes there. Of an address the origin: the rest may be a secret. */
function told({ notify }: EnvironmentFile): readonly Granted[] {
  return (notify ?? []).flatMap((entry) => {
    const address = 'webhook' in entry ? entry.webhook : entry.grafana;
    const shown = URL.canParse(address) ? new URL(address).origin : 'an address made of variables';
    const receiver = ['receiver', shown] as const;
    if ('webhook' in entry) return [receiver, ...secretOf(entry.secret)];
    return [receiver, ...secretOf('token' in entry ? entry.token : entry.basic.password)];
  });
}

function secretOf(secret: EnvironmentFile['secret']): readonly Granted[] {
  if (secret === undefined) return [];
  if ('file' in secret) return [['file', secret.file]];
  return [['env' in secret ? 'variable' : 'program', 'env' in secret ? secret.env : secret.command.join(' ')]];
}

function driverOf({ shadowDriver }: EnvironmentFile): readonly Granted[] {
  if (typeof shadowDriver !== 'object') return [];
  return 'exec' in shadowDriver ? [['program', shadowDriver.exec.join(' ')]] : [['file', shadowDriver['env-file']]];
}

function fleetOf({ fleet }: EnvironmentFile): readonly Granted[] {
  if (fleet === undefined) return [];
  const plain = fleet.plainHttp === true ? [['address', 'http:// at private addresses (plainHttp)'] as const] : [];
  return [...listOf(fleet), ...plain];
}

function listOf(fleet: NonNullable<EnvironmentFile['fleet']>): readonly Granted[] {
  if ('command' in fleet) return [['program', fleet.command.join(' ')]];
  if ('file' in fleet) return [['file', fleet.file]];
  return 'dns' in fleet ? [['address', fleet.dns]] : [];
}

/** The variables whose values stand in for `${NAME}`. */
function variablesOf(file: EnvironmentFile): readonly Granted[] {
  const names = JSON.stringify(file).matchAll(/\$\{([A-Za-z_]\w*)\}/g);
  return [...new Set([...names].map((match) => match[1] ?? ''))].map((name) => ['variable', name] as const);
}
