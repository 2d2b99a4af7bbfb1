import { revealSecret, type Secret } from '../secret.js';

const hostList = /^[\w.\-:[\]]+(?:,[\w.\-:[\]]+)*$/;
const pathAndDatabase = /^(?:\/[\w.-]*){0,2}$/;

/**
 * Where a Redis address leads, for people: scheme, user, host, port and database, never a password:
 * `redis://app@redis.example.com:6379/2 (password not shown)`. `null`: it is not written as such addresses are, so that any
 * part of it might be a piece of a password.
 */
export function redisPlace(address: Secret): string | null {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(revealSecret(address).trim()) ?? [];
  const at = rest.lastIndexOf('@');
  const [login, place] = [at < 0 ? '' : rest.slice(0, at), rest.slice(at + 1)];
  const [before = '', query = ''] = place.split('?', 2);
  const slash = before.indexOf('/');
  const [host, path] = slash < 0 ? [before, ''] : [before.slice(0, slash), before.slice(slash)];
  const isSocket = scheme.toLowerCase() === 'unix';
  if (scheme === '' || (isSocket ? host !== '' : !hostList.test(host) || !pathAndDatabase.test(path))) return null;
  if (at >= 0 && !login.includes(':')) return null;
  const user = login.slice(0, Math.max(0, login.indexOf(':')));
  const database = /(?:^|&)db=(\d+)(?:&|$)/.exec(query)?.[1];
  const hidden = at < 0 ? '' : ' (password not shown)';
  const shownUser = /^[\w.-]+$/.test(user) ? `${user}@` : '';
  return `${scheme}://${shownUser}${host}${path}${database === undefined ? '' : `?db=${database}`}${hidden}`;
}
