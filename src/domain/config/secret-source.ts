import type { SecretSource } from './environment.js';
import type { EnvironmentFile } from './schema.js';
import type { SettingKey } from './settings.js';
import type { EnvironmentSources, Found } from './environment-sources.js';

/** Where the signing secret is read, by precedence, noted in `sources`; `null`: nothing says so. Reads nothing itself. */
export function secretSource(from: EnvironmentSources, sources: Map<SettingKey, string>): SecretSource | null {
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

/** Where a secret is read that an entry of the file names. */
export function sourceFromFile(secret: NonNullable<EnvironmentFile['secret']>): SecretSource {
  if ('file' in secret) return { kind: 'file', path: secret.file };
  if ('env' in secret) return { kind: 'env', variable: secret.env };
  return { kind: 'command', argv: secret.command };
}
