import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../../../src/adapters/redis/redis-url.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { revealSecret } from '../../../src/domain/secret.js';

const plain = { topology: 'single', masterName: null, username: null, password: null, database: 0, isTls: false };

describe('Redis URLs', () => {
  test.each([
    ['redis://localhost', { ...plain, endpoints: [{ host: 'localhost', port: 6379 }] }],
    ['redis://127.0.0.1:7000/3', { ...plain, endpoints: [{ host: '127.0.0.1', port: 7000 }], database: 3 }],
    ['redis://127.0.0.1:7000?db=3', { ...plain, endpoints: [{ host: '127.0.0.1', port: 7000 }], database: 3 }],
    ['REDISS://[::1]:7000/', { ...plain, endpoints: [{ host: '::1', port: 7000 }], isTls: true }],
    ['unix:///run/redis.sock?db=2', { ...plain, endpoints: [{ path: '/run/redis.sock' }], database: 2 }],
    [
      'redis+sentinel://a:1,b/mymaster/4',
      {
        ...plain,
        topology: 'sentinel',
        endpoints: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26379 },
        ],
        masterName: 'mymaster',
        database: 4,
      },
    ],
    [
      'rediss+cluster://a:1,[::1]:2',
      {
        ...plain,
        topology: 'cluster',
        endpoints: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
        ],
        isTls: true,
      },
    ],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  test('user and password are decoded', () => {
    const target = parseRedisUrl('redis://us%40er:p%3a%2f%40%25@host/1');
    expect([target.username, target.password && revealSecret(target.password)]).toEqual(['us@er', 'p:/@%']);
    const withoutUser = parseRedisUrl('redis://:p:w@host');
    expect([withoutUser.username, withoutUser.password && revealSecret(withoutUser.password)]).toEqual([null, 'p:w']);
  });

  test.each([
    ['http://:CANARY@host', 'does not start with'],
    ['CANARY', 'does not start with'],
    ['redis:/CANARY', 'does not start with'],
    ['redis://:CANARY@host:99999', 'a port outside'],
    ['redis://:CANARY@host:0', 'a port outside'],
    ['redis://u:CAN/ARY@host', 'an "@" behind its host'],
    ['redis://u:1/ARY@host', 'an "@" behind its host'],
    ['redis://u:CAN#ARY@host', 'contains a "#"'],
    ['redis://u:CAN?ARY@host', 'an "@" behind its host'],
    ['redis://host?db=1&CANARY=2', 'a query other than'],
    ['redis://u:CAN%zzARY@host', 'has a "%" in its password'],
    ['redis://CANARY@host', 'a user but no password'],
    ['redis://:CANARY@', 'a host or port'],
    ['redis://:CANARY@ho st', 'a host or port'],
    ['redis://:CANARY@host/x', 'a database that is not a number'],
    ['redis://:CANARY@host/1?db=2', 'two different databases'],
    ['redis://:CANARY@host/1/2', 'more path'],
    ['redis://:CANARY@a,b', 'several hosts'],
    ['redis+sentinel://:CANARY@a:1', 'names no master'],
    ['redis+cluster://:CANARY@a:1/2', 'a cluster has only number 0'],
    ['unix://:CANARY@host/path', 'has a host'],
    ['unix://:CANARY@', 'has no path'],
  ])('%s is refused, and not repeated', (url, why) => {
    const thrown = ((): unknown => {
      try {
        return parseRedisUrl(url);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(RlctlError);
    const error = thrown as RlctlError;
    expect([error.kind, error.code, error.message]).toEqual(['usage', 'REDIS_URL', expect.stringContaining(why)]);
    expect(error.hint).toBeTruthy();
    expect(`${error.message}${error.hint}${JSON.stringify(error.details)}${error.stack}`).not.toMatch(/CAN|ARY/);
  });
});
