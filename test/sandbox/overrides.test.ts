import { describe, expect, test } from 'vitest';
import { ask, cli, openEitherRedis, openSandbox, overridesKey } from './support.js';
import { until } from '../support/until.js';

const stored = '{"/api/search":{"rate":120,"burst":2,"shadow":true},"/api":{"rate":30,"burst":1}}';

describe('documented: overrides count', () => {
  test('they are loaded at boot and really enforced', async () => {
    const redis = await openEitherRedis();
    await redis.cli('SET', overridesKey, stored);
    const sandbox = await openSandbox({ redisUrl: redis.url });
    expect(sandbox.redisKind).toBe('given');
    const limits = await Promise.all(
      ['/api/searching', '/api/lessons', '/auth/login'].map(async (path) => (await sandbox.get(path, 'u')).headers),
    );
    expect(limits.map((headers) => [headers['x-ratelimit-limit'], headers['x-ratelimit-shadow']])).toEqual([
      ['3', 'true'],
      ['2', 'false'],
      ['21', 'false'],
    ]);
  });

  test('a new one is enforced after the reload, and the answers name it', async () => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'SET', overridesKey, stored);
    expect((await sandbox.get('/api/lessons', 'a')).headers['x-ratelimit-limit']).toBe('11');
    const reload = await sandbox.reload();
    expect(reload.json).toMatchObject({ policy_overrides_count: 2, overrides: ['/api/search', '/api'] });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await sandbox.get('/api/lessons', 'b')).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await sandbox.policy('/api/search/x')).json).toEqual({
      bucket: 'read',
      rate_per_min: 120,
      burst: 2,
      window_s: 60,
      shadow: true,
      matched_override: '/api/search',
      active_overrides: ['/api/search', '/api'],
    });
    expect((await sandbox.policy('/x')).json).toMatchObject({ rate_per_min: 60, matched_override: null });
    expect(sandbox.workers()[0]?.overrides.map(({ prefix }) => prefix)).toEqual(['/api/search', '/api']);
  });

  test('the policy endpoint finds a route its bucket, and refuses one that does not exist', async () => {
    const sandbox = await openSandbox();
    const url = `${sandbox.origin}/internal/rate-limit/policy`;
    expect((await ask(`${url}?route=/api/payments&method=post`)).json).toMatchObject({ bucket: 'financial', burst: 0 });
    expect((await ask(`${url}?route=/api/x&method=DELETE`)).json).toMatchObject({ bucket: 'write' });
    expect((await ask(`${url}?route=/x&bucket=nope`)).status).toBe(422);
    expect((await ask(`${url}?route=/auth/me&method=GET`)).status).toBe(422);
  });
});

describe('deployed: overrides are only shown', () => {
  test('nothing at boot, shown after a reload, never enforced, counted but not named', async () => {
    const redis = await openEitherRedis();
    await redis.cli('SET', overridesKey, stored);
    const sandbox = await openSandbox({ dialect: 'deployed', redisUrl: redis.url });
    const base = { bucket: 'read', rate_per_min: 60, burst: 10, window_s: 60, shadow: false };
    expect((await sandbox.policy('/api/lessons')).json).toEqual(base);
    const reload = await sandbox.reload();
    expect(reload.json).toMatchObject({ ok: true, policy_overrides_count: 2 });
    expect(reload.json).not.toHaveProperty('overrides');
    expect((await sandbox.policy('/api/lessons')).json).toEqual({ ...base, rate_per_min: 30, burst: 1 });
    expect((await sandbox.get('/api/lessons', 'u')).headers['x-ratelimit-limit']).toBe('11');
  });

  test('an unknown bucket gets an invented policy; auth is called auth_bootstrap', async () => {
    const sandbox = await openSandbox({ dialect: 'deployed' });
    const invented = { rate_per_min: 60, burst: 0, window_s: 60 };
    expect((await sandbox.policy('/x', 'auth')).json).toMatchObject({ bucket: 'auth', ...invented });
    expect((await sandbox.policy('/x', 'auth_bootstrap')).json).toMatchObject({ rate_per_min: 100, burst: 20 });
  });
});

describe('traps one by one', () => {
  test('readsOverridesAtReload: false says ok and drops what was loaded at boot', async () => {
    const redis = await openEitherRedis();
    await redis.cli('SET', overridesKey, stored);
    const sandbox = await openSandbox({ redisUrl: redis.url, behaviour: { readsOverridesAtReload: false } });
    expect((await sandbox.policy('/api/x')).json).toMatchObject({ rate_per_min: 30 });
    expect((await sandbox.reload()).json).toMatchObject({ ok: true, policy_overrides_count: 0 });
    expect((await sandbox.policy('/api/x')).json).toMatchObject({ rate_per_min: 60 });
  });

  test('enforcesOverrides: false shows and does not do', async () => {
    const sandbox = await openSandbox({ behaviour: { enforcesOverrides: false } });
    await cli(sandbox, 'SET', overridesKey, stored);
    await sandbox.reload();
    expect((await sandbox.policy('/api/x')).json).toMatchObject({ burst: 1 });
    expect((await sandbox.get('/api/x', 'u')).headers['x-ratelimit-limit']).toBe('11');
  });

  test('environment overrides come first and are counted', async () => {
    const environmentOverrides = '{"/api":{"rate":9},\n "/auth":{"rate":8}}';
    const sandbox = await openSandbox({ behaviour: { environmentOverrides } });
    await cli(sandbox, 'SET', overridesKey, '{"/api/search":{"rate":120},"/auth":{"burst":4}}');
    expect((await sandbox.reload()).json).toMatchObject({
      policy_overrides_count: 3,
      overrides: ['/api', '/auth', '/api/search'],
    });
    expect((await sandbox.policy('/api/search')).json).toMatchObject({ rate_per_min: 9, matched_override: '/api' });
    expect((await sandbox.policy('/auth/x', 'auth')).json).toMatchObject({ rate_per_min: 100, burst: 4 });
  });

  test.each([
    ['broken JSON', '{"/api":'],
    ['a list', '[]'],
    ['a byte order mark', '\uFEFF{"/api":{"rate":1}}'],
    ['an empty string', ''],
  ])('%s: 200, ok, every override dropped', async (_name, document) => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'SET', overridesKey, stored);
    await sandbox.reload();
    await cli(sandbox, 'SET', overridesKey, document);
    expect(await sandbox.reload()).toMatchObject({ status: 200, json: { ok: true, policy_overrides_count: 0 } });
    expect(sandbox.workers()[0]?.overrides).toEqual([]);
  });

  test('a key of the wrong type: 200, ok, every override dropped', async () => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'HSET', overridesKey, '/api', '{}');
    expect((await sandbox.reload()).json).toMatchObject({ ok: true, policy_overrides_count: 0 });
  });

  test('Redis away: 200, ok, every override dropped', async () => {
    const redis = await openEitherRedis();
    await redis.cli('SET', overridesKey, stored);
    const sandbox = await openSandbox({ redisUrl: redis.url });
    await redis.stop();
    await until(async () => (await ask(`${sandbox.origin}/health/ready`)).status === 503);
    expect((await sandbox.reload()).json).toMatchObject({ ok: true, policy_overrides_count: 0 });
  });
});
