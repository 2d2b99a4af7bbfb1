import { usageError } from '../errors.js';
import type { SourceAccess } from './environment.js';
import type { SettingKey } from './settings.js';
import { interpolate, type EnvironmentSources } from './environment-sources.js';
import { sourceFromFile } from './secret-source.js';

/**
 * Checks an address of metrics, which may have a path; credentials stand beside it, where `env show` can hide them. `null`:
 * there is none. Throws a usage error that names the place.
 */
export function sourceAddress(text: string | null, place: string): string | null {
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
export function sourceAccess(
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
