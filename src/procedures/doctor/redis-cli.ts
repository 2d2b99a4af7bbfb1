import { shellWords } from '../../domain/shell-words.js';
import type { RedisFacts } from '../../ports/redis-inspector.js';

/** How the server that was looked at is reached. */
export type RedisPlace = Pick<RedisFacts, 'server' | 'database' | 'isTls' | 'hasPassword' | 'user'>;

/** A command for redis-cli that goes to the very server that was looked at; a password is asked for, never printed. */
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
