import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { isSameRedisDatabase } from '../domain/config/redis-place.js';
import type { SettingKey } from '../domain/config/settings.js';
import { RlctlError, usageError } from '../domain/errors.js';
import { addressedError } from '../domain/printed-command.js';

// Environments that a command names itself, beside or instead of the one in use.

/** How an environment is named, and what of it has to be its own. */
export interface Naming {
  /** How the command line names it, for errors. */
  readonly said: string;
  /** Settings that must not come from a variable, which would stand for every environment alike. */
  readonly own: readonly SettingKey[];
  /** Settings given as flags; absent: none. */
  readonly flags?: Partial<Record<SettingKey, string>>;
}

/** Another environment than the one in use: a variable that stands for every environment would make them the same. */
export async function namedEnvironment(
  context: Context,
  name: string,
  { said, own, flags = {} }: Naming,
): Promise<Environment> {
  const { environmentOf } = await import('../config.js');
  const choice = { name, flags, address: { ...context.address, environment: name } };
  const environment = environmentOf(await context.config(), choice, context.host.env);
  const variable = own.map((key) => environment.sources.get(key) ?? '').find((source) => source.startsWith('RLCTL_'));
  if (variable === undefined) return environment;
  throw usageError(
    `${said}: the variable ${variable} is set, and would stand for every environment alike`,
    `Unset ${variable}, so that each environment is what its configuration says.`,
    'ENVIRONMENT_CONTRADICTION',
  );
}

/** The two environments of a command, as its arguments name them. */
export interface PairNames {
  readonly left: string;
  readonly right: string;
}

/** For the help of a command that names its environments itself. */
export const pairRule = 'They are named here: -e may only repeat the second; RLCTL_ENV does not count.';

const apart: readonly SettingKey[] = ['redis', 'namespace', 'api'];

/** Throws a usage error where both are one, or -e names another environment than the second. */
function assertPair({ options, host }: Context, { left, right }: PairNames): void {
  if (left === right)
    throw usageError(`"${left}" is named twice`, 'Name two environments; see them with: rlctl env list', 'SAME_PLACE');
  // A variable stays set in a shell and is meant for other commands; a flag was typed for this one.
  const typed = options.environment === (host.env['RLCTL_ENV'] || null) ? null : options.environment;
  if (typed === null || typed === right) return;
  throw usageError(
    `-e names "${typed}", and the command is about "${left}" and "${right}"`,
    `Leave -e out: ${pairRule}`,
    'ENVIRONMENT_CONTRADICTION',
  );
}

/** Both environments, each its own. Throws a usage error where they are one place, or cannot be told apart. */
export async function openPair(
  context: Context,
  names: PairNames,
  flags: Partial<Record<SettingKey, string>> = {},
): Promise<{ readonly left: Environment; readonly right: Environment }> {
  assertPair(context, names);
  const left = await namedEnvironment(context, names.left, { said: names.left, own: apart });
  const right = await namedEnvironment(context, names.right, { said: names.right, own: apart, flags });
  const isSameDatabase = left.redis !== null && right.redis !== null && isSameRedisDatabase(left.redis, right.redis);
  if (isSameDatabase && left.namespace !== null && left.namespace === right.namespace)
    throw usageError(
      `"${left.name}" and "${right.name}" keep their overrides in the same place: the same Redis database and namespace "${left.namespace}"`,
      `See where each setting comes from with: rlctl env show ${left.name}`,
      'SAME_PLACE',
    );
  return { left, right };
}

/** The context as it is for a command line that says -e NAME. */
export function contextIn(context: Context, name: string): Context {
  return {
    ...context,
    options: { ...context.options, environment: name },
    address: { ...context.address, environment: name },
    environment: (flags = {}) => namedEnvironment(context, name, { said: name, own: apart, flags }),
  };
}

/** Does something in one of the environments: the commands that its errors print say which; `isNamed`: so do its messages. */
export async function within<T>(
  { name, address }: Pick<Environment, 'name' | 'address'>,
  { isNamed }: { readonly isNamed: boolean },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    throw addressedError(isNamed && !isSignal(error) ? naming(name, error) : error, address);
  }
}

/** An interrupt is about the whole command. */
function isSignal({ kind }: RlctlError): boolean {
  return kind === 'interrupted' || kind === 'terminated';
}

function naming(name: string, { kind, message, code, hint, details, cause }: RlctlError): RlctlError {
  return new RlctlError(kind, `${name}: ${message}`, {
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    ...(cause === undefined ? {} : { cause }),
  });
}
