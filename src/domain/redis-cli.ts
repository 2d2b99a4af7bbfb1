import { RlctlError } from './errors.js';
import { shellWords } from './shell-words.js';

/** How a Redis server is reached, without its password. */
export interface RedisPlace {
  /** `host:port`, `[::1]:port`, or the path of a socket. */
  readonly server: string;
  readonly database: number;
  readonly isTls: boolean;
  readonly hasPassword: boolean;
  /** `default`: no user is named. */
  readonly user: string;
}

/** A command for redis-cli that goes to this very server; a password is asked for, never printed. */
export function redisCli({ server, database, isTls, hasPassword, user }: RedisPlace, ...words: string[]): string {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(server) ?? [];
  return shellWords([
    'redis-cli',
    ...(server.startsWith('/') ? ['-s', server] : ['-h', host, '-p', port]),
    ...(database === 0 ? [] : ['-n', String(database)]),
    ...(isTls ? ['--tls'] : []),
    ...(hasPassword && user !== 'default' ? ['--user', user] : []),
    ...(hasPassword ? ['--askpass'] : []),
    ...words,
  ]);
}

/**
 * A sentence of rlctl's own with every command for redis-cli in it completed: `redis-cli TYPE 'x'` →
 * `redis-cli -h 10.0.0.1 -p 6379 TYPE 'x'`. One that already says where it goes is left alone.
 */
export function placedRedisCli(sentence: string, place: RedisPlace): string {
  return sentence.replace(/\bredis-cli (?=(?:--raw )?[A-Z]{3,} )/g, () => `${redisCli(place)} `);
}

/** The same error, with every command for redis-cli in its hint completed; anything else is left as it is. */
export function placedError(error: unknown, place: RedisPlace): unknown {
  if (!(error instanceof RlctlError) || error.hint === undefined) return error;
  const { kind, message, code, details, cause } = error;
  const hint = placedRedisCli(error.hint, place);
  if (hint === error.hint) return error;
  return new RlctlError(kind, message, { code, hint, ...(details ? { details } : {}), cause });
}
