import { RlctlError, usageError } from '../errors.js';
import type { CommandAddress } from '../printed-command.js';
import type { Requirement } from './environment.js';
import type { EnvironmentFile } from './schema.js';
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

/** A value, and where it came from: `flag`, a variable’s name, or the file’s place. */
export interface Found<T> {
  readonly value: T;
  readonly source: string;
}

/**
 * The text of a setting by precedence; `null`: nothing sets it. Throws a usage error where the limiter's own variable says
 * something else than the file, and what `interpolate` throws.
 */
export function findText(from: EnvironmentSources, key: SettingKey): Found<string> | null {
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

/**
 * `${NAME}` stands for a variable of the process, in files that are trusted only. Throws a guard where the file is not, a usage
 * error that names the place where the variable is not set.
 */
export function interpolate(text: string, from: EnvironmentSources, key: string): string {
  return text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const place = `${from.filePlace}: environments.${from.name}.${key}`;
    if (!from.isTrusted) throw untrusted(from.filePlace, `the value of \${${name}}`, factsOf(from));
    const value = from.env[name];
    if (!value) throw usageError(`${place} needs the variable ${name}, which is not set`, `Set ${name} and run again.`);
    return value;
  });
}

/** What a change has to carry: what the file says, else a reason and an end where the environment is protected. */
export function requirementsOf(said: readonly string[] | null, isProtected: boolean): readonly Requirement[] {
  return (said as readonly Requirement[] | null) ?? (isProtected ? ['reason', 'end'] : []);
}

/** What is said of a file that nobody vouched for. */
export function factsOf({ isChanged, file }: EnvironmentSources): UntrustedFacts {
  return {
    isChanged: isChanged === true,
    requirements: requirementsOf(file?.require ?? null, file?.protected === true),
  };
}
