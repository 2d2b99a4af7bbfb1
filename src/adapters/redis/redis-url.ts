import { usageError, type RlctlError } from '../../domain/errors.js';
import { Secret } from '../../domain/secret.js';

export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** Where Redis is and how to log in; what a Redis URL says, validated. */
export interface RedisTarget {
  readonly topology: 'single' | 'sentinel' | 'cluster';
  /** The server; the sentinels; or the cluster's nodes to ask first. Never empty. */
  readonly endpoints: readonly Endpoint[];
  /** The name the sentinels know the master by; `null` unless the topology is `sentinel`. */
  readonly masterName: string | null;
  readonly username: string | null;
  readonly password: Secret | null;
  readonly database: number;
  readonly isTls: boolean;
}

const schemes = new Map<string, { topology: RedisTarget['topology']; isTls: boolean }>([
  ['redis', { topology: 'single', isTls: false }],
  ['rediss', { topology: 'single', isTls: true }],
  ['unix', { topology: 'single', isTls: false }],
  ['redis+sentinel', { topology: 'sentinel', isTls: false }],
  ['rediss+sentinel', { topology: 'sentinel', isTls: true }],
  ['redis+cluster', { topology: 'cluster', isTls: false }],
  ['rediss+cluster', { topology: 'cluster', isTls: true }],
]);

/**
 * Reads a Redis URL. ioredis takes an unknown form for something else in silence, so every part is checked here.
 * Throws a usage error that names the part at fault and never repeats its text: it may be a piece of the password.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/is.exec(text.trim());
  const scheme = schemes.get(match?.[1]?.toLowerCase() ?? '');
  if (!match || !scheme)
    throw fault('does not start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://');
  const [, name = '', authority = '', path = '', query = '', fragment] = match;
  if (fragment !== undefined) throw fault('contains a "#"');
  const at = authority.lastIndexOf('@');
  const login = parseLogin(at < 0 ? '' : authority.slice(0, at));
  const hosts = authority.slice(at + 1);
  const common = { topology: scheme.topology, isTls: scheme.isTls, ...login };
  if (name.toLowerCase() === 'unix')
    return { ...common, ...socketParts(hosts, path), database: parseQuery(query) ?? 0 };
  if (`${path}${query}`.includes('@'))
    throw fault('has an "@" behind its host, so its password holds a "/" or "?" as it is');
  const database = parseQuery(query);
  const parts = path.split('/').slice(1);
  const masterName = scheme.topology === 'sentinel' ? parseMasterName(parts.shift()) : null;
  const fromPath = parseDatabase(parts.shift());
  if (parts.some((part) => part !== '')) throw fault('has more path than a database number');
  if (database !== null && fromPath !== null && database !== fromPath) throw fault('names two different databases');
  const endpoints = parseHosts(hosts, scheme.topology);
  const chosen = database ?? fromPath ?? 0;
  if (scheme.topology === 'cluster' && chosen !== 0) throw fault('names a database, and a cluster has only number 0');
  return { ...common, endpoints, masterName, database: chosen };
}

function fault(what: string): RlctlError {
  return usageError(
    `the Redis URL ${what}`,
    'Write redis://[user:password@]host[:port][/database]; in the password, percent-encode each of : / ? # @ and %.',
    'REDIS_URL',
  );
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault(`has a "%" in its ${part} that is not followed by two hexadecimal digits`);
  }
}

function parseLogin(text: string): { username: string | null; password: Secret | null } {
  const colon = text.indexOf(':');
  const username = decode(colon < 0 ? text : text.slice(0, colon), 'user name');
  const password = colon < 0 ? '' : decode(text.slice(colon + 1), 'password');
  if (username !== '' && password === '') throw fault('names a user but no password');
  return { username: username || null, password: password === '' ? null : new Secret(password) };
}

function socketParts(hosts: string, path: string): { endpoints: Endpoint[]; masterName: null } {
  if (hosts !== '') throw fault('of a socket has a host; write unix:///path/to/redis.sock');
  if (path.length < 2) throw fault('of a socket has no path; write unix:///path/to/redis.sock');
  return { endpoints: [{ path: decode(path, 'path') }], masterName: null };
}

function parseHosts(text: string, topology: RedisTarget['topology']): Endpoint[] {
  const hosts = text.split(',');
  if (topology === 'single' && hosts.length > 1)
    throw fault('names several hosts; use redis+sentinel:// or redis+cluster://');
  return hosts.map((host) => parseHost(host, topology === 'sentinel' ? 26379 : 6379));
}

function parseHost(text: string, defaultPort: number): Endpoint {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d+))?$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw fault('has a host or port that is not one');
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) throw fault('has a port outside 1…65535');
  return { host, port };
}

function parseMasterName(text: string | undefined): string {
  const name = decode(text ?? '', 'master name');
  if (name === '') throw fault('names no master; write redis+sentinel://host:26379/mymaster');
  return name;
}

function parseDatabase(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (!/^\d{1,5}$/.test(text)) throw fault('has a database that is not a number');
  return Number(text);
}

function parseQuery(query: string): number | null {
  if (query === '') return null;
  const entries = [...new URLSearchParams(query)];
  if (entries.length !== 1 || entries[0]?.[0] !== 'db') throw fault('has a query other than ?db=NUMBER');
  return parseDatabase(entries[0][1]);
}
