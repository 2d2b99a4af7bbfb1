import { environmentSettings, type SettingKey } from './settings.js';
import type { Environment } from './environment.js';
import { quoteOutside } from '../outside-text.js';

/**
 * How a setting is given another value at the very place that gave it its value: `set namespace: sandbox in
 * environments.prod of /etc/rlctl.yaml`, or `set RLCTL_NAMESPACE=sandbox`. `value`: as it is to be written.
 */
export function settingCure(
  { name, sources }: Pick<Environment, 'name' | 'sources'>,
  key: SettingKey,
  value: string,
): string {
  const source = sources.get(key) ?? 'default';
  const said = quoteOutside(value, 80);
  const variable = environmentSettings.find((each) => each.key === key)?.variable ?? null;
  if (/^[A-Z][A-Z0-9_]*$/.test(source)) return `set ${source}=${said} (its value comes from that variable)`;
  if (source === 'flag') return `give ${key} as ${said} on the command line (its flag says otherwise)`;
  const isFile = source.includes('/') || source.includes('.y');
  if (source !== 'default' && !isFile) return `set ${key}: ${said} where ${source} gets it`;
  const file = isFile ? source : 'rlctl.yaml';
  const orVariable = isFile || variable === null ? '' : `, or ${variable}=${said}`;
  return `set ${key}: ${said} in environments.${name} of ${file}${orVariable}`;
}

/** The same as the beginning of a sentence. */
export function settingSentence(
  environment: Pick<Environment, 'name' | 'sources'>,
  key: SettingKey,
  value: string,
): string {
  const text = settingCure(environment, key, value);
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
