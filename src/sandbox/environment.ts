import { readFile } from 'node:fs/promises';
import type { Behaviour } from './behaviour.js';

/** The limiter's variables as one process sees them. */
export type Environment = ReadonlyMap<string, string>;

/** What the variables say, read as the server reads them. */
export interface Switches {
  readonly isEnabled: boolean;
  readonly isShadow: boolean;
  readonly namespace: string;
  readonly redisUrl: string;
  /** Only the buckets whose flag is set, by bucket name. */
  readonly bucketFlags: ReadonlyMap<string, boolean>;
  /** RATE_LIMIT_POLICY_OVERRIDES_JSON; `null`: not set. */
  readonly overrides: string | null;
}

/** Reads `NAME=value` lines; comments and blank lines are skipped, one pair of quotes is taken off, the last line wins. */
export function parseEnvironment(text: string): Environment {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match !== null) found.set(match[1] ?? '', (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2'));
  }
  return found;
}

/** The env file's variables; `null` where it cannot be read. */
export async function readEnvironment(file: string): Promise<Environment | null> {
  try {
    return parseEnvironment(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The text of the env file that a sandbox starts with. */
export function environmentText(behaviour: Behaviour, namespace: string, redisUrl: string): string {
  const variables = {
    ...behaviour.environment,
    RATE_LIMIT_NAMESPACE: namespace,
    RATE_LIMIT_REDIS_URL: redisUrl,
    ...(behaviour.environmentOverrides === null
      ? {}
      : { RATE_LIMIT_POLICY_OVERRIDES_JSON: behaviour.environmentOverrides.replaceAll(/\s*\n\s*/g, '') }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ["# The limiter's variables. A change counts after a signed reload.", ...lines, ''].join('\n');
}

// Nothing but this exact text is true: `1`, `yes` and `True` switch a thing off.
function isTrue(value: string | undefined): boolean {
  return value === 'true';
}

export function switchesOf(environment: Environment, behaviour: Behaviour): Switches {
  const flags = behaviour.buckets.flatMap(({ name, flag }) => {
    const value = environment.get(flag);
    return value === undefined ? [] : ([[name, isTrue(value)]] as const);
  });
  return {
    isEnabled: isTrue(environment.get('RATE_LIMIT_ENABLED')),
    isShadow: isTrue(environment.get('RATE_LIMIT_SHADOW')),
    namespace: environment.get('RATE_LIMIT_NAMESPACE') ?? '',
    redisUrl: environment.get('RATE_LIMIT_REDIS_URL') ?? '',
    bucketFlags: new Map(flags),
    overrides: environment.get('RATE_LIMIT_POLICY_OVERRIDES_JSON') ?? null,
  };
}

/** What a running process holds after a reload: each variable from its boot or from the file, as this server does. */
export function switchesAfterReload(boot: Switches, fresh: Switches, behaviour: Behaviour): Switches {
  const switches = behaviour.switchesBoundAtStart ? boot : fresh;
  const flags = behaviour.bucketFlagsFromEnvFile ? fresh : boot;
  return { ...switches, bucketFlags: flags.bucketFlags, overrides: flags.overrides };
}
