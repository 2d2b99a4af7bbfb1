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

/**
 * True for two addresses that are written to lead to the same database: the login does not count, nor how the usual host,
 * port and database are spelled. Two names of one server are not seen through.
 */
export function isSameRedisDatabase(one: Secret, other: Secret): boolean {
  return redisDatabase(one) === redisDatabase(other);
}

/** The database that an address leads to, without its login; the same text for every usual spelling of it. */
export function redisDatabase(address: Secret): string {
  const text = revealSecret(address).trim();
  const [, scheme = '', rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  const topology = scheme.toLowerCase().replace(/^rediss/, 'redis');
  const [before = '', query = ''] = rest.slice(rest.lastIndexOf('@') + 1).split('?', 2);
  const [authority = '', ...path] = before.split('/');
  const usualPort = topology === 'redis+sentinel' ? 26379 : 6379;
  const hosts = authority.split(',').map((host) => spelledOut(host.toLowerCase(), usualPort));
  const named = new URLSearchParams(query).get('db');
  const isNumbered = topology !== 'unix' && /^\d+$/.test(path.at(-1) ?? '');
  const database = named ?? (isNumbered ? path.pop() : undefined) ?? '0';
  const place = path.filter((part) => part !== '').join('/');
  return JSON.stringify([topology, hosts.toSorted(), place, Number(database)]);
}

function spelledOut(host: string, usualPort: number): string {
  const [, name = host, port = String(usualPort)] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  return `${name === 'localhost' || name === '[::1]' ? '127.0.0.1' : name}:${Number(port)}`;
}
