import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCliWithin, type CliEnd } from '../support/cli.js';
import {
  goodPolicy,
  json,
  startHttpControlPlane,
  type HttpControlPlane,
  type Respond,
} from '../support/http-control-plane.js';
import { freePort, startRedis, type RunningRedis } from '../support/redis-server.js';
import { jsonOf, openWorld, type JsonObject, type ShownError, type World } from '../support/world.js';

const secret = 'a-secret-of-the-tests';
const document = '{ "/api/search" : {"rate":60,"burst":10} }';
const key = 'f:rl:overrides';
const limitMs = 500;

const state = {} as { world: World; redis: RunningRedis; api: HttpControlPlane };
beforeAll(async () => {
  state.world = await openWorld();
  await state.world.write('secret', secret);
});
afterAll(() => state.world.remove());
beforeEach(async () => {
  state.redis = await startRedis();
  state.api = await startHttpControlPlane({ secret });
  await state.redis.cli('SET', key, document);
});
afterEach(async () => {
  await state.redis.stop();
  await state.api.stop();
});

const set = ['override', 'set', '/api/search', '--rate', '61', '--reason', 'r'];
const reload = ['reload'];

interface Changed {
  readonly redis?: string;
  readonly api?: string;
  readonly timeout?: '2s' | '3s';
}

/** One command against the Redis and the API of this test, or those of `changed`; and what the document is after it. */
async function run(
  args: readonly string[],
  changed: Changed = {},
): Promise<{ readonly end: CliEnd; readonly isIntact: boolean }> {
  const { world, redis, api } = state;
  const environment = {
    api: changed.api ?? api.origin,
    redis: changed.redis ?? redis.url,
    namespace: 'f',
    secret: { file: `${world.cwd}/secret` },
    workers: 1,
  };
  const path = await world.config('c.yaml', { environments: { here: environment } });
  const timeout = changed.timeout ?? '3s';
  const mostMs = Number.parseInt(timeout, 10) * 1000 + limitMs;
  const end = await runCliWithin(mostMs, ['--config', path, ...args, '--json', '--timeout', timeout], {
    env: world.env,
    cwd: world.cwd,
  });
  process.kill(redis.pid, 'SIGCONT');
  return {
    end,
    isIntact: (await redis.cli('TYPE', key)) === 'string' ? (await redis.cli('GET', key)) === document : true,
  };
}

/** Exactly one error, with a hint, and nothing on stdout. */
function expectError(end: CliEnd, exitCode: number, code: string): void {
  expect(end).toMatchObject({ code: exitCode, out: '', signal: null });
  expect(end.err.trimEnd().split('\n')).toHaveLength(1);
  const { error } = jsonOf<{ error: ShownError }>(end.err);
  expect(error).toMatchObject({ code, exitCode });
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.hint?.length).toBeGreaterThan(10);
}

test('without a fault both commands succeed, so that a fault is what makes them fail', async () => {
  const changing = await run([...set.slice(0, 3), '--rate', '60', '--burst', '10']);
  expect(changing.end).toMatchObject({ code: 0, err: '' });
  expect((await run(reload)).end).toMatchObject({ code: 0, err: '' });
  const { end, isIntact } = await run(set);
  expect(end.code).toBe(8);
  expect(isIntact).toBe(false);
});

describe('Redis', () => {
  interface Fault {
    readonly what: string;
    /** What is wrong; returns the address to use in place of the good one. */
    readonly make: (redis: RunningRedis) => Promise<Changed | void>;
    readonly exit: number;
    readonly code: string;
    /** A reload only reads; absent: it fails in the same way. */
    readonly reloadIsFine?: true;
  }
  const login = (redis: RunningRedis, text: string): string => redis.url.replace('//', `//${text}@`);
  const faults: readonly Fault[] = [
    {
      what: 'down',
      make: async () => ({ redis: `redis://127.0.0.1:${await freePort()}` }),
      exit: 7,
      code: 'REDIS_UNREACHABLE',
    },
    {
      what: 'silent',
      make: async ({ pid }) => {
        process.kill(pid, 'SIGSTOP');
        return { timeout: '2s' };
      },
      exit: 7,
      code: 'REDIS_SILENT',
    },
    {
      what: 'a name that does not resolve',
      make: async () => ({ redis: 'redis://redis.invalid:6379' }),
      exit: 7,
      code: 'REDIS_HOST_UNKNOWN',
    },
    {
      what: 'wrong password',
      make: async (redis) => {
        await redis.cli('ACL', 'SETUSER', 'ops', 'on', '>right', '~*', '+@all');
        return { redis: login(redis, 'ops:wrong') };
      },
      exit: 4,
      code: 'REDIS_WRONGPASS',
    },
    {
      what: 'a password that is missing',
      make: async (redis) => {
        // The connection that sets it stays logged in, a new one does not.
        await redis.cli('ACL', 'SETUSER', 'spare', 'on', 'nopass', '~*', '+@all');
        await redis.cli('ACL', 'SETUSER', 'default', '>right');
        await redis.cli('ACL', 'SETUSER', 'default', 'resetpass', '>right');
      },
      exit: 4,
      code: 'REDIS_NOAUTH',
    },
    {
      what: 'a user who may not write',
      make: async (redis) => {
        await redis.cli('ACL', 'SETUSER', 'ops', 'on', '>right', '~*', '+@read', '+@connection', '+info', '+time');
        return { redis: login(redis, 'ops:right') };
      },
      exit: 4,
      code: 'REDIS_NOPERM',
      reloadIsFine: true,
    },
    {
      what: 'a read-only replica',
      make: async (redis) => {
        await redis.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'yes');
        await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
      },
      exit: 4,
      code: 'REDIS_READONLY',
      reloadIsFine: true,
    },
    {
      what: 'a full memory',
      make: async (redis) => void (await redis.cli('CONFIG', 'SET', 'maxmemory', '1')),
      exit: 4,
      code: 'REDIS_OOM',
      reloadIsFine: true,
    },
    {
      what: 'a key of the wrong type',
      make: async (redis) => {
        await redis.cli('DEL', key);
        await redis.cli('RPUSH', key, 'x');
      },
      exit: 6,
      code: 'KEY_WRONG_TYPE',
    },
  ];

  /** So that the test itself can look at what is stored. */
  const unprotect = async (what: string): Promise<void> => {
    if (what.includes('missing'))
      await state.redis.cli('-a', 'right', '--no-auth-warning', 'ACL', 'SETUSER', 'default', 'nopass');
  };

  const runOn = async (what: string, args: readonly string[], changed: Parameters<typeof run>[1] | void) => {
    try {
      return await run(args, changed ?? {});
    } finally {
      await unprotect(what);
    }
  };

  for (const { what, make, exit, code } of faults)
    test(`${what}: override set`, async () => {
      const changed = await make(state.redis);
      const { end, isIntact } = await runOn(what, set, changed);
      expectError(end, exit, code);
      if (exit !== 6) expect(end.err).toContain('nothing was written');
      expect(isIntact).toBe(true);
    });

  for (const { what, make, exit, code, reloadIsFine } of faults)
    test(`${what}: reload`, async () => {
      const changed = await make(state.redis);
      const { end, isIntact } = await runOn(what, reload, changed);
      if (reloadIsFine) {
        expect(end).toMatchObject({ code: 0, err: '' });
      } else {
        expectError(end, exit, code);
        expect(state.api.arrived.filter(({ method }) => method === 'POST')).toEqual([]);
      }
      expect(isIntact).toBe(true);
    });

  test.each([
    ['broken JSON', '{"/a":{"rate":1}', 'DOCUMENT_CORRUPT', [set, reload]],
    ['an empty string', '', 'DOCUMENT_CORRUPT', [set, reload]],
    ['a list', '[]', 'DOCUMENT_CORRUPT', [set, reload]],
    // The server takes the last value, so that a reload does no harm.
    ['a key twice', '{"/a":{},"/a":{}}', 'DOCUMENT_DUPLICATE_KEYS', [set]],
  ] as const)('%s as document: refused with its place, and left alone', async (_, text, code, refused) => {
    await state.redis.cli('SET', key, text);
    for (const args of refused) {
      expectError((await run(args)).end, 6, code);
      expect(await state.redis.cli('GET', key)).toBe(text);
    }
    expect(state.api.arrived.filter(({ method }) => method === 'POST')).toEqual([]);
    expect(await state.redis.cli('DBSIZE')).toBe('1');
  });

  test('what answers is no Redis', async () => {
    for (const args of [set, reload]) {
      const { end } = await run(args, { redis: `redis://127.0.0.1:${state.api.port}` });
      expectError(end, 4, 'REDIS_NOT_REDIS');
    }
  });
});

describe('the API', () => {
  interface Fault {
    readonly what: string;
    readonly respond: Respond;
    readonly exit: number;
    readonly code: string;
    readonly timeout?: '2s';
  }
  const html =
    (status: number): Respond =>
    (_, response) =>
      void response
        .writeHead(status, { 'Content-Type': 'text/html' })
        .end('<!doctype html><html><body>Sign in</body></html>');
  const redirect =
    (status: number, location: string): Respond =>
    (_, response) =>
      void response.writeHead(status, { Location: location }).end();
  const everything: readonly Fault[] = [
    { what: 'hanging', respond: () => undefined, exit: 7, code: 'API_TIMEOUT', timeout: '2s' },
    {
      what: 'a general limiter: 429',
      respond: json(429, { code: 'RATE_LIMIT_EXCEEDED', retry_after: 59 }, { 'Retry-After': '59' }),
      exit: 7,
      code: 'API_RATE_LIMITED',
    },
    { what: '500', respond: json(500, { detail: 'boom' }), exit: 7, code: 'API_SERVER_ERROR' },
    { what: '503', respond: json(503, { detail: 'away' }), exit: 7, code: 'API_SERVER_ERROR' },
    { what: "a proxy's 502", respond: html(502), exit: 7, code: 'API_SERVER_ERROR' },
    { what: '301 to https', respond: redirect(301, 'https://127.0.0.1/elsewhere'), exit: 4, code: 'REDIRECTED' },
    {
      what: '307 to another origin',
      respond: redirect(307, 'http://evil.test/internal/config/reload'),
      exit: 4,
      code: 'REDIRECTED',
    },
    { what: '404', respond: json(404, { detail: 'Not Found' }), exit: 4, code: 'API_WRONG_PATH' },
    {
      what: 'an answer that breaks off',
      respond: (_, response, socket) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
        response.write('{"ok":tr', () => socket.destroy());
      },
      exit: 7,
      code: 'API_TRUNCATED',
    },
    { what: 'a reset', respond: (_, _response, socket) => void socket.resetAndDestroy(), exit: 7, code: 'API_RESET' },
    { what: "a proxy's page with 200", respond: html(200), exit: 4, code: 'API_PROXY_HTML' },
    { what: "a proxy's page with 403", respond: html(403), exit: 4, code: 'API_PROXY_HTML' },
    { what: 'JSON of something else', respond: json(200, { hello: 'world' }), exit: 4, code: 'API_WRONG_SHAPE' },
  ];
  const ofReloads: readonly Fault[] = [
    {
      what: '403 reload disabled',
      respond: json(403, { detail: 'reload disabled' }),
      exit: 4,
      code: 'RELOAD_DISABLED',
    },
    {
      what: '403 invalid signature',
      respond: json(403, { detail: 'invalid signature' }),
      exit: 4,
      code: 'SIGNATURE_REFUSED',
    },
    {
      what: '403 origin',
      respond: json(403, { detail: 'Origin not allowed', code: 'CSRF_ORIGIN_MISMATCH' }),
      exit: 4,
      code: 'ORIGIN_REFUSED',
    },
    {
      what: '403 as problem+json',
      respond: json(
        403,
        { type: 'about:blank', title: 'Forbidden', detail: 'invalid signature' },
        { 'Content-Type': 'application/problem+json' },
      ),
      exit: 4,
      code: 'SIGNATURE_REFUSED',
    },
    { what: '401', respond: json(401, { detail: 'Not authenticated' }), exit: 4, code: 'API_UNAUTHENTICATED' },
    { what: '405', respond: json(405, { detail: 'Method Not Allowed' }), exit: 4, code: 'API_WRONG_METHOD' },
  ];
  const named = (faults: readonly Fault[]) => faults.map((fault) => [fault.what, fault] as const);
  const timed = ({ timeout }: Fault): Changed => (timeout === undefined ? {} : { timeout });

  /** Policies are answered well, reloads are not. */
  const reloadsOnly =
    (respond: Respond): Respond =>
    (request, response, socket) =>
      request.method === 'GET' ? json(200, goodPolicy)(request, response, socket) : respond(request, response, socket);

  test('down: nothing is written, and nothing sent', async () => {
    const api = `http://127.0.0.1:${await freePort()}`;
    for (const args of [set, reload]) {
      const { end, isIntact } = await run(args, { api });
      expectError(end, 7, 'API_UNREACHABLE');
      expect(isIntact).toBe(true);
    }
  });

  test('https where there is none', async () => {
    const { end, isIntact } = await run(set, { api: state.api.origin.replace('http:', 'https:') });
    expectError(end, 7, 'API_TLS');
    expect(isIntact).toBe(true);
  });

  test.each(named(everything))('%s, on every request: override set writes nothing', async (_, fault) => {
    state.api.behave(fault.respond);
    const { end, isIntact } = await run(set, timed(fault));
    expectError(end, fault.exit, fault.code);
    expect(isIntact).toBe(true);
    expect(await state.redis.cli('DBSIZE')).toBe('1');
    expect(state.api.arrived.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  test.each(named([...everything, ...ofReloads]))(
    '%s, on reloads: override set has written, so it is 8 with the result',
    async (_, fault) => {
      state.api.behave(reloadsOnly(fault.respond));
      const { end, isIntact } = await run(set, timed(fault));
      expect(end).toMatchObject({ code: 8, err: '', signal: null });
      const result = jsonOf<{ changeId: string; reloads: JsonObject[]; proof: { verdict: string } }>(end.out);
      expect(result).toMatchObject({
        changeId: expect.stringMatching(/^c0/) as string,
        reloads: [{ error: { code: fault.code, hint: expect.stringMatching(/.{10}/) as string } }],
      });
      expect(result.reloads).toHaveLength(1);
      expect(['notProven', 'contradicted']).toContain(result.proof.verdict);
      expect(isIntact).toBe(false);
    },
  );

  test.each(named([...everything, ...ofReloads]))('%s: reload changes nothing in Redis', async (_, fault) => {
    state.api.behave(reloadsOnly(fault.respond));
    const { end, isIntact } = await run(reload, timed(fault));
    expectError(end, fault.exit, fault.code);
    expect(isIntact).toBe(true);
  });

  test('a reload that got no answer is sent again at most twice; one that was refused is not', async () => {
    state.api.behave(reloadsOnly(json(503, {})));
    await run(reload);
    expect(state.api.arrived.filter(({ method }) => method === 'POST')).toHaveLength(3);
    state.api.behave(reloadsOnly(json(403, { detail: 'reload disabled' })));
    await run(reload);
    expect(state.api.arrived.filter(({ method }) => method === 'POST')).toHaveLength(4);
  });

  test('a 429 that asks for a short wait is waited for', async () => {
    let isFirst = true;
    state.api.behave(
      reloadsOnly((request, response, socket) => {
        const answer = isFirst
          ? json(429, { code: 'RATE_LIMIT_EXCEEDED', retry_after: 1 }, { 'Retry-After': '1' })
          : json(200, { ok: true, enabled: true, shadow: false, bucket_shadows: {}, policy_overrides_count: 1 });
        isFirst = false;
        answer(request, response, socket);
      }),
    );
    expect((await run(reload)).end).toMatchObject({ code: 0, err: '' });
  });
});
