import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameRedisDatabase, redisPlace } from '../../../src/domain/config/redis-place.js';
import { Secret } from '../../../src/domain/secret.js';

const place = (address: string): string | null => redisPlace(new Secret(address));

describe('where a Redis address leads', () => {
  test.each([
    ['redis://127.0.0.1:6379/0', 'redis://127.0.0.1:6379/0'],
    ['redis://redis.example.com', 'redis://redis.example.com'],
    ['rediss://:hunter2@redis.example.com:6380/2', 'rediss://redis.example.com:6380/2 (password not shown)'],
    ['redis://app:hunter2@h:1/3', 'redis://app@h:1/3 (password not shown)'],
    ['redis://app:hun@ter2@h:1/3', 'redis://app@h:1/3 (password not shown)'],
    ['redis+sentinel://:p@a:1,b:2/master/4', 'redis+sentinel://a:1,b:2/master/4 (password not shown)'],
    ['redis://[::1]:6379?db=5', 'redis://[::1]:6379?db=5'],
    ['redis://h/?token=hunter2', 'redis://h/'],
  ])('%s', (address, shown) => {
    expect(place(address)).toBe(shown);
  });

  test.each(['hunter2', 'redis://hunter2@host', 'redis://a b/c', 'redis://h/hunter2/x/y', ''])(
    'what is no such address is not shown at all: %s',
    (address) => {
      expect(place(address)).toBeNull();
    },
  );

  test('no password is ever part of it, however it is written', () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9@/?#:%&=._-]{0,12}$/);
    fc.assert(
      fc.property(part, part, fc.constantFrom('/', '/1', '/1?db=2', ''), (before, after, path) => {
        const shown = place(`redis://app:${before}S3CR3T${after}@host:6379${path}`);
        expect(shown ?? '').not.toContain('S3CR3T');
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('two addresses of one database', () => {
  const isSame = (one: string, other: string): boolean => isSameRedisDatabase(new Secret(one), new Secret(other));

  test.each([
    ['redis://localhost', 'redis://127.0.0.1:6379/0'],
    ['redis://LOCALHOST:06379/', 'redis://[::1]?db=0'],
    ['redis://app:hunter2@h/2', 'rediss://h:6379?db=2'],
    ['redis://:hun@ter2@h', 'redis://h/0'],
    ['redis+sentinel://a,b:26379/master', 'redis+sentinel://b,a/master/0'],
    ['unix:///run/redis.sock', 'unix:///run/redis.sock?db=0'],
  ])('%s and %s', (one, other) => {
    expect(isSame(one, other)).toBe(true);
    expect(isSame(other, one)).toBe(true);
  });

  test.each([
    ['redis://h/0', 'redis://h/1'],
    ['redis://h:6379', 'redis://h:6380'],
    ['redis://h', 'redis://other'],
    ['redis+sentinel://a/one', 'redis+sentinel://a/two'],
    ['unix:///run/a.sock', 'unix:///run/b.sock'],
    ['unix:///run/1', 'unix:///run/2'],
  ])('%s is not %s', (one, other) => {
    expect(isSame(one, other)).toBe(false);
  });
});
