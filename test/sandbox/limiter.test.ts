import { describe, expect, test } from 'vitest';
import { decide } from '../../src/domain/policy/gcra.js';
import { ask, cli, openSandbox, overridesKey, type Reply } from './support.js';

function rate(reply: Reply): readonly unknown[] {
  const of = (name: string): unknown => reply.headers[`x-ratelimit-${name}`];
  return [reply.status, of('policy'), of('shadow'), of('limit'), of('remaining'), reply.headers['retry-after']];
}

describe('GCRA on Redis', () => {
  test('lets burst + 1 requests through at once, then blocks and says when to come back', async () => {
    const sandbox = await openSandbox();
    const startedMs = Date.now();
    const replies: Reply[] = [];
    for (let n = 0; n < 4; n += 1) replies.push(await ask(`${sandbox.origin}/api/messages`, post('u1')));
    expect(replies.map(rate)).toEqual(
      ['3', '2', '1', '0'].map((remaining) => [200, 'write', 'false', '4', remaining, undefined]),
    );
    const over = await ask(`${sandbox.origin}/api/messages`, post('u1'));
    expect(over.status).toBe(429);
    expect(over.headers).toMatchObject({ 'x-ratelimit-limit': '4', 'x-ratelimit-remaining': '0' });
    expect(Number(over.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(over.headers['retry-after'])).toBeLessThanOrEqual(3);
    const resetMs = Number(over.headers['x-ratelimit-reset']) * 1000;
    expect(resetMs).toBeGreaterThanOrEqual(startedMs + 12_000 - 10);
    expect(resetMs).toBeLessThanOrEqual(Date.now() + 13_000);
  });

  test('the cell is the theoretical arrival time in epoch milliseconds, without a TTL, and a model predicts it', async () => {
    const sandbox = await openSandbox();
    const beforeMs = Date.now();
    await ask(`${sandbox.origin}/api/payments`, post('u2'));
    const afterMs = Date.now();
    const cell = Number(await cli(sandbox, 'GET', 'demo:financial:user:u2'));
    expect(cell).toBeGreaterThanOrEqual(beforeMs + 12_000);
    expect(cell).toBeLessThanOrEqual(afterMs + 12_000);
    expect(await cli(sandbox, 'TTL', 'demo:financial:user:u2')).toBe('-1');
    const expected = decide(cell, Date.now(), { ratePerMin: 5, burst: 0 });
    const blocked = await ask(`${sandbox.origin}/api/payments`, post('u2'));
    expect(blocked.status).toBe(429);
    expect(Math.abs(Number(blocked.headers['retry-after']) - (expected.retryAfterMs ?? 0) / 1000)).toBeLessThan(1.5);
    // A blocked request moves nothing.
    expect(Number(await cli(sandbox, 'GET', 'demo:financial:user:u2'))).toBe(cell);
  });

  test.each([
    { tatFromNow: -5000, remaining: '10', status: 200 },
    { tatFromNow: 4500, remaining: '5', status: 200 },
    { tatFromNow: 9500, remaining: '0', status: 200 },
    { tatFromNow: 15_500, remaining: '0', status: 429 },
  ])('a caller whose cell is $tatFromNow ms away is decided as the model says', async (row) => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'SET', 'demo:read:user:u3', String(Date.now() + row.tatFromNow));
    const model = decide(Date.now() + row.tatFromNow, Date.now(), { ratePerMin: 60, burst: 10 });
    const reply = await sandbox.get('/api/search', 'u3');
    expect([reply.status, reply.headers['x-ratelimit-remaining']]).toEqual([row.status, row.remaining]);
    expect(model.isAllowed).toBe(row.status === 200);
    const waitSeconds = Math.ceil((model.retryAfterMs ?? 0) / 1000);
    expect(Number(reply.headers['retry-after'] ?? 0)).toBeGreaterThanOrEqual(waitSeconds - 1);
    expect(Number(reply.headers['retry-after'] ?? 0)).toBeLessThanOrEqual(waitSeconds);
  });

  test('deleting the cell frees the caller', async () => {
    const sandbox = await openSandbox();
    await ask(`${sandbox.origin}/api/payments`, post('u4'));
    expect((await ask(`${sandbox.origin}/api/payments`, post('u4'))).status).toBe(429);
    await cli(sandbox, 'DEL', 'demo:financial:user:u4');
    expect((await ask(`${sandbox.origin}/api/payments`, post('u4'))).status).toBe(200);
  });

  test('a rate over 60000 blocks everything', async () => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'SET', overridesKey, '{"/api/search":{"rate":60001,"burst":100}}');
    await sandbox.reload();
    const reply = await sandbox.get('/api/search', 'u5');
    expect([reply.status, reply.headers['x-ratelimit-limit'], reply.headers['retry-after']]).toEqual([429, '101', '0']);
  });

  test('a script that Redis has forgotten is sent again', async () => {
    const sandbox = await openSandbox();
    await sandbox.get('/api/search', 'u6');
    await cli(sandbox, 'SCRIPT', 'FLUSH');
    const reply = await sandbox.get('/api/search', 'u6');
    expect([reply.status, reply.headers['x-ratelimit-remaining']]).toEqual([200, '9']);
    expect(sandbox.workers()[0]?.evalErrors).toBe(0);
  });
});

describe('who and where', () => {
  test.each([
    { who: { 'X-User-Id': 'ann', 'X-Forwarded-For': '192.0.2.9' }, identity: 'user:ann' },
    { who: { Authorization: 'Bearer user:bob' }, identity: 'user:bob' },
    { who: { Authorization: 'Bearer something-else' }, identity: 'ip:127.0.0.1' },
    { who: { 'X-Forwarded-For': '192.0.2.9, 10.0.0.1' }, identity: 'ip:192.0.2.9' },
    { who: {}, identity: 'ip:127.0.0.1' },
  ])('a request is counted for $identity', async ({ who, identity }) => {
    const sandbox = await openSandbox();
    await ask(`${sandbox.origin}/api/search?q=1`, { headers: who });
    expect(await cli(sandbox, 'KEYS', '*')).toBe(`demo:read:${identity}`);
  });

  test.each([
    ['POST', '/auth/login', 'auth'],
    ['GET', '/api/search', 'read'],
    ['HEAD', '/api/search', 'read'],
    ['PUT', '/api/profile', 'write'],
    ['DELETE', '/api/bookings/7', 'write'],
    ['GET', '/api/payments/history', 'financial'],
    ['POST', '/api/checkout', 'financial'],
    ['POST', '/api/paymentships', 'write'],
  ])('%s %s is guarded by %s', async (method, path, bucket) => {
    const sandbox = await openSandbox();
    const reply = await ask(`${sandbox.origin}${path}`, { method });
    expect([reply.status, reply.headers['x-ratelimit-policy']]).toEqual([200, bucket]);
  });

  test.each([
    ['GET', '/auth/me'],
    ['POST', '/api/public/session/guest'],
    ['GET', '/api/search-history/'],
  ])('%s %s is exempt', async (method, path) => {
    const sandbox = await openSandbox();
    const reply = await ask(`${sandbox.origin}${path}`, { method });
    expect([reply.status, reply.headers['x-ratelimit-policy']]).toEqual([200, undefined]);
    expect(sandbox.workers()[0]?.decisions).toEqual([]);
  });

  test('a route that is not there answers 404', async () => {
    const sandbox = await openSandbox();
    expect(await ask(`${sandbox.origin}/elsewhere`)).toMatchObject({ status: 404, json: { detail: 'Not Found' } });
  });
});

describe('shadow and switches', () => {
  test('a shadow bucket lets a blocked request pass and says so', async () => {
    const sandbox = await openSandbox({ behaviour: { environment: { RATE_LIMIT_SHADOW_FINANCIAL: 'true' } } });
    await ask(`${sandbox.origin}/api/payments`, post('s1'));
    const over = await ask(`${sandbox.origin}/api/payments`, post('s1'));
    expect(rate(over).slice(0, 5)).toEqual([200, 'financial', 'true', '1', '0']);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect(sandbox.workers()[0]?.decisions).toEqual([
      { labels: { bucket: 'financial', action: 'allowed', shadow: 'true' }, value: 1 },
      { labels: { bucket: 'financial', action: 'blocked', shadow: 'true' }, value: 1 },
    ]);
  });

  test('global shadow reaches only buckets without a flag of their own', async () => {
    const environment = { RATE_LIMIT_SHADOW: 'true', RATE_LIMIT_SHADOW_FINANCIAL: 'false' };
    const sandbox = await openSandbox({ behaviour: { environment } });
    expect((await sandbox.policy('/x', 'read')).json).toMatchObject({ shadow: true });
    expect((await sandbox.policy('/x', 'financial')).json).toMatchObject({ shadow: false });
  });

  test.each(['1', 'True', 'yes', ''])('RATE_LIMIT_ENABLED=%s switches the limiter off', async (value) => {
    const sandbox = await openSandbox({ behaviour: { environment: { RATE_LIMIT_ENABLED: value } } });
    const reply = await sandbox.get('/api/search', 'u1');
    expect([reply.status, reply.headers['x-ratelimit-limit']]).toEqual([200, undefined]);
  });

  test('the deployed dialect sends no rate headers with a 429 and Retry-After: 0 under shadow', async () => {
    const sandbox = await openSandbox({
      dialect: 'deployed',
      behaviour: { environment: { RATE_LIMIT_SHADOW_READ: 'true' } },
    });
    await ask(`${sandbox.origin}/api/payments`, post('d1'));
    const over = await ask(`${sandbox.origin}/api/payments`, post('d1'));
    expect(rate(over).slice(0, 5)).toEqual([429, undefined, undefined, undefined, undefined]);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect((await sandbox.get('/api/search', 'd1')).headers['retry-after']).toBe('0');
    expect(sandbox.workers()[0]?.decisions).toContainEqual({
      labels: { bucket: 'financial', action: 'block', shadow: 'False' },
      value: 1,
    });
  });
});

function post(user: string): { method: string; headers: Record<string, string>; body: string } {
  return { method: 'POST', headers: { 'X-User-Id': user }, body: '{}' };
}
