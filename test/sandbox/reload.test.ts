import { chmod, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/sandbox/behaviour.js';
import { ask, cli, hmac, openSandbox, overridesKey, type Ask, type Reply, type TestSandbox } from './support.js';

const body = '{"action": "reload"}';

async function send(sandbox: TestSandbox, options: Ask): Promise<Reply> {
  return ask(`${sandbox.origin}${sandbox.basePath}/config/reload`, { method: 'POST', ...options });
}

async function hex(sandbox: TestSandbox, payload: string): Promise<string> {
  return (await hmac(sandbox.secret, payload)).toString('hex');
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

async function timestamped(sandbox: TestSandbox, seconds: number, sent = body): Promise<Ask> {
  const signature = await hex(sandbox, `${seconds}\n${sent}`);
  return { headers: { 'X-Config-Timestamp': String(seconds), 'X-Config-Signature': signature }, body: sent };
}

async function webhook(sandbox: TestSandbox, seconds: number): Promise<Ask> {
  const signature = (await hmac(sandbox.secret, `msg_1.${seconds}.${body}`)).toString('base64');
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,AAAA v1,${signature}`,
  };
  return { headers, body };
}

describe('signatures made by openssl', () => {
  const accepted: readonly (readonly [Behaviour['signing'], (sandbox: TestSandbox) => Promise<Ask>])[] = [
    ['documented', async (s) => ({ headers: { 'X-Config-Signature': await hex(s, 'reload') }, body })],
    ['empty', async (s) => ({ headers: { 'X-Config-Reload-Signature': await hex(s, '') } })],
    ['empty', async (s) => ({ headers: { 'X-Config-Reload-Signature': await hex(s, '') }, body })],
    ['body', async (s) => ({ headers: { 'X-Config-Signature': await hex(s, body) }, body })],
    ['body', async (s) => ({ headers: { 'X-Config-Reload-Signature': await hex(s, '') } })],
    ['timestamped', (s) => timestamped(s, nowSeconds())],
    ['timestamped', (s) => timestamped(s, nowSeconds() - 290, '')],
    ['standard-webhooks', (s) => webhook(s, nowSeconds() + 290)],
  ];
  test.each(accepted)('%s: accepted (%#)', async (signing, make) => {
    const sandbox = await openSandbox({ behaviour: { signing } });
    expect(await send(sandbox, await make(sandbox))).toMatchObject({ status: 200, json: { ok: true } });
    expect(sandbox.workers()[0]?.reloads).toBe(1);
  });

  const invalid = { status: 403, json: { detail: 'invalid signature' } };
  const refused: readonly (readonly [Behaviour['signing'], string, (sandbox: TestSandbox) => Promise<Ask>])[] = [
    ['documented', 'nothing signed', () => Promise.resolve({ body })],
    ['documented', 'the empty form', async (s) => ({ headers: { 'X-Config-Reload-Signature': await hex(s, '') } })],
    [
      'documented',
      'a line feed signed too',
      async (s) => ({ headers: { 'X-Config-Signature': await hex(s, 'reload\n') } }),
    ],
    [
      'empty',
      'upper case',
      async (s) => ({ headers: { 'X-Config-Reload-Signature': (await hex(s, '')).toUpperCase() } }),
    ],
    ['empty', 'a prefix', async (s) => ({ headers: { 'X-Config-Reload-Signature': `sha256=${await hex(s, '')}` } })],
    ['empty', 'a signed body', async (s) => ({ headers: { 'X-Config-Reload-Signature': await hex(s, body) }, body })],
    ['empty', 'the other header', async (s) => ({ headers: { 'X-Config-Signature': await hex(s, '') } })],
    ['body', 'another body', async (s) => ({ headers: { 'X-Config-Signature': await hex(s, body) }, body: '{}' })],
    [
      'timestamped',
      'no timestamp',
      async (s) => ({ headers: { 'X-Config-Signature': await hex(s, `\n${body}`) }, body }),
    ],
    [
      'timestamped',
      'the body alone',
      async (s) => ({
        ...(await timestamped(s, 1)),
        headers: { 'X-Config-Timestamp': String(nowSeconds()), 'X-Config-Signature': await hex(s, body) },
      }),
    ],
    [
      'standard-webhooks',
      'hex',
      async (s) => ({
        headers: {
          'webhook-id': 'a',
          'webhook-timestamp': String(nowSeconds()),
          'webhook-signature': `v1,${await hex(s, `a.${nowSeconds()}.`)}`,
        },
      }),
    ],
    [
      'standard-webhooks',
      'no id',
      async (s) => ({
        headers: {
          'webhook-timestamp': '1',
          'webhook-signature': `v1,${(await hmac(s.secret, '.1.')).toString('base64')}`,
        },
      }),
    ],
  ];
  test.each(refused)('%s refuses %s', async (signing, _name, make) => {
    const sandbox = await openSandbox({ behaviour: { signing } });
    expect(await send(sandbox, await make(sandbox))).toMatchObject(invalid);
    expect(sandbox.workers()[0]?.reloads).toBe(0);
  });

  test.each([
    ['timestamped', -310],
    ['timestamped', 310],
    ['standard-webhooks', -310],
  ] as const)('%s refuses a clock that is %i s off', async (signing, offset) => {
    const sandbox = await openSandbox({ behaviour: { signing } });
    const make = signing === 'timestamped' ? timestamped : webhook;
    const reply = await send(sandbox, await make(sandbox, nowSeconds() + offset));
    expect([reply.status, reply.json['detail']]).toEqual([403, expect.stringContaining('timestamp')]);
  });

  test('a server whose clock is wrong says so in its Date header', async () => {
    const sandbox = await openSandbox({ behaviour: { signing: 'timestamped', clockOffsetSeconds: 900 } });
    const reply = await send(sandbox, await timestamped(sandbox, nowSeconds()));
    expect(reply.status).toBe(403);
    expect(Math.abs(Date.parse(reply.headers.date ?? '') - Date.now() - 900_000)).toBeLessThan(5000);
    expect(await send(sandbox, await timestamped(sandbox, nowSeconds() + 900))).toMatchObject({ status: 200 });
  });
});

describe('refusals', () => {
  test.each([
    [{ hasSecret: false }, 403, { detail: 'reload disabled' }],
    [{ requireOrigin: 'https://beta.example.com' }, 403, { code: 'CSRF_ORIGIN_MISMATCH' }],
    [{ signing: 'body' }, 403, { detail: 'invalid signature' }],
    [{ errorStyle: 'problem', hasSecret: false }, 403, { type: 'about:blank', status: 403, detail: 'reload disabled' }],
    [{ basePath: '/elsewhere' }, 200, { ok: true }],
    [{ generalLimiterPerMinute: 0 }, 429, { code: 'RATE_LIMIT_EXCEEDED', retry_after: 59 }],
  ] as const)('%j answers %i', async (behaviour, status, json) => {
    const sandbox = await openSandbox({ behaviour });
    expect(await sandbox.reload()).toMatchObject({ status, json });
  });

  test('the right origin is let through, whatever its path', async () => {
    const sandbox = await openSandbox({ behaviour: { requireOrigin: 'https://beta.example.com' } });
    expect((await sandbox.reload({ headers: { Origin: 'https://beta.example.com' } })).status).toBe(200);
    expect((await sandbox.reload({ headers: { Origin: 'https://evil.example.com' } })).status).toBe(403);
    expect((await sandbox.reload({ headers: { Origin: 'null' } })).status).toBe(403);
  });

  test('the documented server wants the documented body', async () => {
    const sandbox = await openSandbox();
    expect((await sandbox.reload({ body: '{"action": "restart"}' })).status).toBe(422);
    expect((await sandbox.reload({ body: '' })).status).toBe(422);
  });

  test.each([
    ['documented', '/api/v1/internal'],
    ['deployed', '/internal'],
  ] as const)('the %s dialect answers 404 at %s', async (dialect, base) => {
    const sandbox = await openSandbox({ dialect });
    const url = `${sandbox.origin}${base}`;
    expect((await ask(`${url}/config/reload`, { method: 'POST' })).status).toBe(404);
    expect((await ask(`${url}/rate-limit/policy?route=/x&bucket=read`)).status).toBe(404);
  });

  test('a GET of the reload path is 405, a trailing slash 307, an error under a proxy HTML', async () => {
    const sandbox = await openSandbox({ behaviour: { siteMode: 'preview' } });
    const url = `${sandbox.origin}/internal/config/reload`;
    const get = await ask(url);
    expect([get.status, get.headers.allow, get.headers['x-site-mode']]).toEqual([405, 'POST', 'preview']);
    const slash = await ask(`${url}/?a=/`, { method: 'POST' });
    expect([slash.status, slash.headers.location]).toEqual([307, `${url}?a=/`]);
    const html = await openSandbox({ behaviour: { errorStyle: 'html', hasSecret: false } });
    const page = await html.reload();
    expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html']);
    expect(page.text).toContain('<h1>403 Forbidden</h1>');
  });

  test('a server that redirects to https redirects everything', async () => {
    const sandbox = await openSandbox({ behaviour: { redirectsTo: 'https://api.example.com' } });
    const reply = await sandbox.reload();
    expect([reply.status, reply.headers.location]).toEqual([301, 'https://api.example.com/internal/config/reload']);
  });

  test('the general limiter counts per address and leaves the exempt routes alone', async () => {
    const sandbox = await openSandbox({ behaviour: { generalLimiterPerMinute: 2 } });
    await sandbox.policy('/x');
    await sandbox.policy('/x');
    const third = await sandbox.policy('/x');
    expect([third.status, third.headers['retry-after']]).toEqual([429, '59']);
    expect((await sandbox.get('/auth/me', 'u')).status).toBe(200);
    const elsewhere = await ask(`${sandbox.origin}/metrics`, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    expect(elsewhere.status).toBe(200);
  });

  test('a problem is sent as application/problem+json', async () => {
    const sandbox = await openSandbox({ behaviour: { errorStyle: 'problem', hasSecret: false } });
    expect((await sandbox.reload()).headers['content-type']).toBe('application/problem+json');
  });
});

describe('what a reload reads again', () => {
  const changed = [
    'RATE_LIMIT_ENABLED="true"',
    'RATE_LIMIT_SHADOW=true',
    'RATE_LIMIT_SHADOW_FINANCIAL=true',
    'RATE_LIMIT_NAMESPACE=other',
  ];

  async function rewrite(sandbox: TestSandbox): Promise<void> {
    await writeFile(sandbox.envFile, [...changed, `RATE_LIMIT_REDIS_URL=${sandbox.redisUrl}`].join('\n'));
  }

  test('documented: every variable', async () => {
    const sandbox = await openSandbox();
    await cli(sandbox, 'SET', 'other:rl:overrides', '{"/api/search":{"rate":7}}');
    await rewrite(sandbox);
    expect((await sandbox.reload()).json).toEqual({
      ok: true,
      enabled: true,
      shadow: true,
      bucket_shadows: { auth: true, read: true, write: true, financial: true },
      policy_overrides_count: 1,
      overrides: ['/api/search'],
    });
    await sandbox.get('/api/lessons', 'u1');
    expect(await cli(sandbox, 'EXISTS', 'other:read:user:u1')).toBe('1');
  });

  test('documented: the kill switch works at a reload, and not before', async () => {
    const sandbox = await openSandbox();
    await writeFile(sandbox.envFile, `RATE_LIMIT_ENABLED=false\nRATE_LIMIT_REDIS_URL=${sandbox.redisUrl}\n`);
    expect((await sandbox.get('/api/search', 'u1')).headers['x-ratelimit-limit']).toBe('11');
    expect((await sandbox.reload()).json).toMatchObject({ enabled: false });
    expect((await sandbox.get('/api/search', 'u1')).headers['x-ratelimit-limit']).toBeUndefined();
  });

  test('deployed: nothing, but the overrides', async () => {
    const sandbox = await openSandbox({ dialect: 'deployed' });
    await cli(sandbox, 'SET', overridesKey, '{"/api/search":{"rate":7}}');
    await rewrite(sandbox);
    expect((await sandbox.reload()).json).toEqual({
      ok: true,
      enabled: true,
      shadow: true,
      bucket_shadows: { auth_bootstrap: false, read: false, write: false, financial: false, conv_msg: true },
      policy_overrides_count: 1,
    });
  });

  test('switches bound at start, bucket flags read again: each by itself', async () => {
    const sandbox = await openSandbox({ behaviour: { switchesBoundAtStart: true } });
    await rewrite(sandbox);
    const { json } = await sandbox.reload();
    expect(json).toMatchObject({ shadow: false, bucket_shadows: { financial: true, read: false } });
  });

  test('another Redis is used after a reload', async () => {
    const [first, second] = [await openSandbox(), await openSandbox()];
    await writeFile(
      first.envFile,
      `RATE_LIMIT_ENABLED=true\nRATE_LIMIT_NAMESPACE=demo\nRATE_LIMIT_REDIS_URL=${second.redisUrl}\n`,
    );
    await first.reload();
    await expect.poll(async () => (await first.get('/api/search', 'moved')).headers['x-ratelimit-limit']).toBe('11');
    expect(await cli(second, 'EXISTS', 'demo:read:user:moved')).toBe('1');
  });

  test('an env file that cannot be read changes nothing', async () => {
    const sandbox = await openSandbox();
    await rm(sandbox.envFile);
    expect((await sandbox.reload()).json).toMatchObject({ ok: true, enabled: true });
    await writeFile(sandbox.envFile, 'RATE_LIMIT_ENABLED=false\n');
    await chmod(sandbox.envFile, 0o600);
    expect((await sandbox.reload()).json).toMatchObject({ enabled: false });
  });
});
