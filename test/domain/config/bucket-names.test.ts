import { describe, expect, test } from 'vitest';
import { allBuckets, bucketNamed, bucketsOfAll, flagVariables } from '../../../src/domain/config/bucket-names.js';

const environment = (buckets: Readonly<Record<string, readonly string[]>>) => ({
  buckets: new Map(Object.entries(buckets).map(([name, alias]) => [name, { routes: [], alias }])),
});

describe('buckets', () => {
  test('without a configuration are those of the handbook', () => {
    expect(allBuckets(environment({})).map(({ name }) => name)).toEqual(['auth', 'read', 'write', 'financial']);
    expect(bucketsOfAll(environment({})).map(({ name }) => name)).toEqual(['auth', 'read', 'write', 'financial']);
  });

  test('that are configured come first, and take the place of those they stand for', () => {
    const some = environment({ auth_bootstrap: [], money: ['financial'], video: [] });
    expect(allBuckets(some).map(({ name }) => name)).toEqual(['auth_bootstrap', 'money', 'video', 'read', 'write']);
    expect(bucketsOfAll(some).map(({ name }) => name)).toEqual(['auth_bootstrap', 'money', 'video']);
  });

  test.each([
    ['auth', {}, 'auth', 'RATE_LIMIT_SHADOW_AUTH'],
    ['auth_bootstrap', {}, 'auth', 'RATE_LIMIT_SHADOW_AUTH'],
    ['auth', { auth_bootstrap: [] }, 'auth_bootstrap', 'RATE_LIMIT_SHADOW_AUTH'],
    ['pay', { financial: ['pay'] }, 'financial', 'RATE_LIMIT_SHADOW_FINANCIAL'],
    ['pay', { pay: ['financial'] }, 'pay', 'RATE_LIMIT_SHADOW_FINANCIAL'],
    ['conv_msg', { conv_msg: [] }, 'conv_msg', 'RATE_LIMIT_SHADOW_CONV_MSG'],
    ['web-socket', { 'web-socket': [] }, 'web-socket', 'RATE_LIMIT_SHADOW_WEB_SOCKET'],
  ])('%s of %j is %s with %s', (given, configured: Readonly<Record<string, string[]>>, name, variable) => {
    const bucket = bucketNamed(environment(configured), given);
    expect(bucket.name).toBe(name);
    expect(flagVariables(bucket)[0]).toBe(variable);
  });

  test('that do not exist are a usage error that names those that do', () => {
    expect(() => bucketNamed(environment({ video: [] }), 'nope')).toThrow(
      /"nope".*video, auth, read, write, financial/,
    );
  });
});
