import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { openLab, type Lab } from '../support/lab.js';
import { goodPolicy, json, startHttpControlPlane } from '../support/http-control-plane.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { startRedis } from '../support/redis-server.js';
import { within } from '../support/within.js';
import { jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

interface Part {
  readonly state: 'ok' | 'failed' | 'notAsked';
  readonly value: JsonObject | null;
  readonly error: { readonly code: string } | null;
}

interface Shown {
  readonly lastReload: JsonObject | null;
  readonly targets: readonly {
    readonly siteMode: string | null;
    readonly buckets: Part;
    readonly health: Readonly<Record<string, Part>>;
  }[];
  readonly redis: Part;
  readonly overrides: Part;
  readonly traffic: Part;
  readonly findings: readonly { readonly code: string; readonly part: string; readonly message: string }[];
}

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab({ behaviour: { siteMode: 'preview' } });
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

async function status(environment: JsonObject = {}, options: MainOptions = {}, ...args: string[]): Promise<Ran> {
  const { lab } = state;
  const path = await lab.world.config('status.yaml', { environments: { lab: { ...lab.environment, ...environment } } });
  return lab.world.main(['status', ...args], { ...options, env: { RLCTL_CONFIG: path, ...options.env } });
}

async function shown(environment: JsonObject = {}, ...args: string[]): Promise<Shown & { code: number }> {
  const ran = await status(environment, {}, '--json', ...args);
  return { ...jsonOf<Shown>(ran.out), code: ran.code };
}

const codes = ({ findings }: Shown): readonly string[] => findings.map(({ code }) => code);

describe('status', () => {
  test('where only the order was changed by hand since the last reload, it is not known to be in force', async () => {
    const { lab } = state;
    for (const route of ['/api/x', '/api/y'])
      expect(await lab.world.main(['override', 'set', route, '--rate', '7'])).toMatchObject({ code: 0 });
    expect(codes(await shown())).toEqual([]);
    const document = JSON.parse((await lab.document()) ?? '') as JsonObject;
    await lab.store(JSON.stringify(Object.fromEntries(Object.entries(document).reverse())));
    expect(codes(await shown())).toEqual(['NOT_KNOWN_IN_FORCE']);
    expect(await lab.world.main(['reload'])).toMatchObject({ code: 0 });
    expect(codes(await shown())).toEqual([]);
  });

  test('of an environment that is well: everything answered, nothing is broken, nothing was reloaded', async () => {
    const reloads = (): number => state.lab.sandbox.workers()[0]?.reloads ?? 0;
    await state.lab.world.main(['override', 'set', '/api/x', '--shadow', '--reason', 'why', '--ticket', 'T-1']);
    const before = reloads();
    const all = await shown();
    expect(all).toMatchObject({
      code: 0,
      lastReload: { command: 'override set', actor: 'tester@test', reason: 'why', ticket: 'T-1', isEnabled: true },
      targets: [
        {
          siteMode: 'preview',
          health: { live: { value: { status: 'healthy' } }, ready: { state: 'ok' }, startup: { state: 'ok' } },
        },
      ],
      redis: {
        value: {
          role: 'primary',
          replicas: 0,
          ttlMs: null,
          lastChange: {
            command: 'override set',
            actor: 'tester@test',
            reason: 'why',
            ticket: 'T-1',
            routes: ['/api/x'],
          },
        },
      },
      overrides: { value: { count: 1, entries: [{ prefix: '/api/x', isShadow: true, hiddenBy: null }] } },
      traffic: { state: 'notAsked' },
      findings: [],
    });
    expect(reloads()).toBe(before);
  });

  test('is one screen of 80 columns and 24 lines', async () => {
    await state.lab.store('{"/api":{"rate":5},"/api/search":{"rate":6},"/x":7,"/y":{"shadow":true}}');
    await state.lab.redis.cli('PEXPIRE', 'lab:rl:overrides', '3600000');
    await state.lab.world.main(['reload', '--no-verify']);
    const ran = await status({ protected: true }, { columns: 80, env: { NO_COLOR: '1' } });
    const lines = ran.out.trimEnd().split('\n');
    expect(ran.code).toBe(3);
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.every((line) => stringWidth(line) <= 80)).toBe(true);
    expect(ran.out).toMatch(/enabled +yes +when last reloaded from here/);
    expect(ran.out).toMatch(/last reload .* by tester@test \(reload, no proof asked for\)/);
    expect(ran.out).toContain('"/api/search" is hidden by "/api"');
    expect(ran.out).toContain('"/x" is ignored by the server');
    expect(ran.out).toMatch(/expires in (1h|59m)/);
    expect(ran.out).toContain('protected');
    expect(ran.out).toContain('the server cannot use what is stored for "/x"');
    expect(ran.out).not.toContain('nothing found wrong');
  });

  test('of an override whose shadow no server shows: a finding, and not the last word that nothing is broken', async () => {
    await state.lab.store('{"/api/search":{"shadow":true}}');
    const all = await shown();
    expect([all.code, codes(all)]).toEqual([3, ['SHADOW_DIFFERS']]);
    expect(all.findings[0]?.message).toBe('"/api/search" is stored as in shadow, the server says enforcing');
    const { out } = await status();
    expect(out).not.toContain('nothing found wrong');
    expect(out).toMatch(/hint: run: rlctl --config \S+ reload/);
  });

  test('of flags in a file: what was set last, and what the server does not take up', async () => {
    const { lab } = state;
    const own = await openLab({ dialect: 'deployed' });
    try {
      const shadowDriver = { 'env-file': own.sandbox.envFile };
      const path = await own.world.config('flags.yaml', {
        environments: { lab: { ...own.environment, shadowDriver } },
      });
      const run = (...args: string[]): Promise<Ran> => own.world.main(args, { env: { RLCTL_CONFIG: path } });
      await run('override', 'set', '/api/x', '--rate', '5');
      const first = (await run('status')).out;
      expect(first).toMatch(/last change .*\(override set \/api\/x\)/);
      expect(first).toMatch(
        /global shadow on .*\n.*enforcing: .*\n *global shadow does not reach buckets that have a flag/,
      );
      expect((await run('shadow', 'on', 'financial', '--reason', 'INC-7', '--ticket', 'T-7')).code).toBe(8);
      const ran = await run('status', '--json');
      const all = jsonOf<Shown & { lastChange: JsonObject }>(ran.out);
      expect([ran.code, codes(all)]).toEqual([3, ['SHADOW_DIFFERS']]);
      expect(all.findings[0]?.message).toBe(
        'financial: the file says RATE_LIMIT_SHADOW_FINANCIAL=true, the server says enforcing',
      );
      expect(all.lastChange).toMatchObject({
        command: 'shadow on financial',
        actor: 'tester@test',
        reason: 'INC-7',
        ticket: 'T-7',
        buckets: ['financial'],
        routes: [],
      });
      const { out } = await run('status');
      expect(out).toMatch(/last change .* by tester@test: INC-7 \[T-7\] \(shadow on financial\)/);
      expect(out).toMatch(/to take it back: rlctl --config \S+ shadow off financial/);
      const listed = await run('shadow', 'list');
      expect([listed.code, listed.out]).toEqual([
        3,
        expect.stringContaining('the file says RATE_LIMIT_SHADOW_FINANCIAL=true'),
      ]);
      const undo = await run('override', 'undo', '--dry-run');
      expect(undo.out).toMatch(
        /the last change from here was "shadow on financial".*rlctl --config \S+ shadow off financial/,
      );
      await run('shadow', 'off', 'financial');
      expect(await run('status')).toMatchObject({ code: 0 });
    } finally {
      await own.stop();
    }
    expect((await lab.world.main(['status'])).out).toContain('last change');
  });

  test('the last change says once what was changed', async () => {
    const buckets = { financial: { routes: ['/api/payments', '/api/checkout'] } };
    const path = await state.lab.world.config('buckets.yaml', {
      environments: { lab: { ...state.lab.environment, buckets } },
    });
    const run = (...args: string[]): Promise<Ran> => state.lab.world.main(args, { env: { RLCTL_CONFIG: path } });
    await run('panic', 'route', '/api/search');
    expect((await run('status')).out).toMatch(/last change .*\(panic route \/api\/search\)\n/);
    await run('panic', 'bucket', 'financial');
    expect((await run('status')).out).toMatch(/last change .*\(panic bucket financial: 2 routes\)\n/);
  });

  test('of a share above its alert between two scrapes: neither broken nor well, and how to judge', async () => {
    const server = await startHttpControlPlane();
    const scrapes = { count: 0 };
    server.behave((request, response, socket) => {
      if (request.url !== '/metrics') return json(200, goodPolicy)(request, response, socket);
      scrapes.count += 1;
      const series = (action: string, value: number): string =>
        `lab_rl_decisions_total{bucket="financial",action="${action}",shadow="false"} ${value}\n`;
      const text = series('allowed', 10 * scrapes.count) + series('blocked', 10 * scrapes.count);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(`# TYPE lab_rl_decisions_total counter\n${text}`);
    });
    try {
      const metrics = { metrics: `${server.origin}/metrics` };
      const ran = await status(metrics, {});
      expect(ran.code).toBe(0);
      expect(ran.out).not.toContain('nothing found wrong');
      expect(ran.out).toMatch(/\? blocked above the alert: financial 50%; \ds is too short to judge\n/);
      expect(ran.out).toMatch(
        /hint: To judge it: rlctl --config \S+ decisions show --since 5m, which takes 5m without Prometheus/,
      );
      expect(await shown(metrics)).toMatchObject({ code: 0, findings: [], undecided: [{ code: 'WINDOW_TOO_SHORT' }] });
    } finally {
      await server.stop();
    }
  });

  test('with the API away: the rest stays', async () => {
    const all = await shown({ api: 'http://127.0.0.1:9' });
    expect(all.code).toBe(3);
    expect(all.targets[0]).toMatchObject({ buckets: { state: 'failed' }, health: { live: { state: 'failed' } } });
    expect(all.redis.state).toBe('ok');
    // Four questions met the one cause.
    expect(codes(all)).toHaveLength(1);
    const text = (await status({ api: 'http://127.0.0.1:9' })).out;
    expect(text).toMatch(/health +✗ no usable answer/);
    expect(text).toMatch(/enabled +not known without a reload/);
    expect(text).toMatch(/last reload +none sent from this machine/);
    expect(text).toMatch(/Redis +✓ primary/);
  });

  test('with Redis away: the rest stays', async () => {
    const all = await shown({ redis: 'redis://127.0.0.1:9' }, '--timeout', '3s');
    expect(all.code).toBe(3);
    expect(all.redis.state).toBe('failed');
    expect(all.overrides.state).toBe('notAsked');
    expect(all.targets[0]?.buckets.state).toBe('ok');
    expect(all.findings).toMatchObject([{ code: 'REDIS_UNREACHABLE', part: 'redis' }]);
    const text = (await status({ redis: 'redis://127.0.0.1:9' }, {}, '--timeout', '3s')).out;
    expect(text).toMatch(/overrides +not known\nlast change +not known/);
  });

  test('asks everything at once: nothing is answered before all of it has been asked', async () => {
    const { lab } = state;
    const isOpen = { resolve: (): void => undefined };
    const open = new Promise<void>((resolve) => {
      isOpen.resolve = resolve;
    });
    const asked = new Set<string>();
    const arrive = async (what: string): Promise<void> => {
      asked.add(what);
      // Three health checks, four buckets, and Redis.
      if (asked.size === 8) isOpen.resolve();
      await open;
    };
    const api = await startHttpControlPlane();
    api.behave((request, response, socket) => {
      const url = new URL(request.url, api.origin);
      const answer = url.pathname.startsWith('/health/') ? { status: 'healthy' } : goodPolicy;
      void arrive(url.searchParams.get('bucket') ?? url.pathname).then(() =>
        json(200, answer)(request, response, socket),
      );
    });
    const redis = createServer((client) => {
      const server = connect(lab.redis.port, '127.0.0.1');
      for (const end of [client, server]) end.on('error', () => undefined);
      void arrive('redis').then(() => client.pipe(server).pipe(client));
    });
    await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = redis.address() as AddressInfo;
      const all = await shown({ api: api.origin, redis: `redis://127.0.0.1:${port}/0` });
      expect(asked.size).toBe(8);
      expect(all).toMatchObject({ code: 0, redis: { state: 'ok' }, targets: [{ buckets: { state: 'ok' } }] });
    } finally {
      await api.stop();
      redis.close();
    }
  });

  test('tells of the last reload what only its answer tells: enabled, global shadow, who and why', async () => {
    const { lab } = state;
    const set = ['override', 'set', '/api/payments', '--shadow', '--reason', 'INC-42 \u001b[31m'];
    expect(await lab.world.main(set)).toMatchObject({ code: 0 });
    const { out } = await lab.world.main(['status']);
    expect(out).toMatch(/last reload .* by tester@test: INC-42 \\u001b\[31m \(override set, proven\)/);
    expect(out).toContain('by overrides: financial (1 of 1 route)');
    // Of another address nothing is known.
    expect((await shown({ api: 'http://127.0.0.1:9' })).lastReload).toBeNull();
  });

  test('says of a limiter that was off when it was last reloaded', async () => {
    const off = await openLab({ behaviour: { environment: { RATE_LIMIT_ENABLED: '1' } } });
    try {
      await off.world.main(['reload']);
      expect((await off.world.main(['status'])).out).toContain('NO, the limiter is off');
    } finally {
      await off.stop();
    }
  });

  test('where nothing can be remembered the change is done all the same, and that is a remark', async () => {
    const { lab } = state;
    const folder = join(lab.world.stateHome, 'rlctl/reloads');
    await rm(folder, { recursive: true, force: true });
    await writeFile(folder, 'in the way');
    try {
      const ran = await lab.world.main(['override', 'set', '/api/x', '--rate', '7']);
      expect(ran.code).toBe(0);
      expect(ran.err).toContain('nothing could be remembered of this reload');
      expect(await shown()).toMatchObject({ code: 0, lastReload: null });
    } finally {
      await rm(folder);
    }
  });

  test('of several workers says that one was asked', async () => {
    expect((await status({ workers: 4 })).out).toContain('as one of 4 workers says');
  });

  test('with a silent server: the others are told before the deadline', async () => {
    const redis = await startFaultProxy(state.lab.redis.port);
    redis.inject({ at: 'connect', action: 'silence', times: 100 });
    const silent = await startHttpControlPlane();
    silent.behave(() => undefined);
    try {
      const both = { redis: `redis://127.0.0.1:${redis.port}/0`, api: [state.lab.sandbox.origin, silent.origin] };
      const all = await within(3000, () => shown(both, '--timeout', '3s'));
      expect(all.code).toBe(3);
      expect(all.redis.state).toBe('failed');
      expect(all.targets.map(({ buckets }) => buckets.state)).toEqual(['ok', 'failed']);
      expect(all.targets.map(({ health }) => health['live']?.state)).toEqual(['ok', 'failed']);
    } finally {
      await silent.stop();
      await redis.stop();
    }
  });

  test('with a document that cannot be read: Redis is well, the overrides are not', async () => {
    await state.lab.store('{"/api":');
    const all = await shown();
    expect(all.code).toBe(3);
    expect([all.redis.state, all.overrides.state]).toEqual(['ok', 'failed']);
    expect(all.findings).toMatchObject([{ code: 'DOCUMENT_CORRUPT', part: 'overrides' }]);
    expect((await status()).out).toContain('✗ the stored document cannot be read');
  });

  test('with another site than the configured: a finding', async () => {
    const all = await shown({ siteMode: 'prod' });
    expect([all.code, codes(all)]).toEqual([3, ['WRONG_SITE_MODE']]);
  });

  test('with nothing configured but one of them: the others are not findings', async () => {
    expect(await shown({ redis: undefined, namespace: undefined })).toMatchObject({
      code: 0,
      redis: { state: 'notAsked' },
      findings: [],
    });
    expect(await shown({ api: undefined })).toMatchObject({ code: 0, targets: [], redis: { state: 'ok' } });
    expect((await status({ api: undefined })).out).toContain('no API configured');
  });

  test('with a server that has no health checks: no finding', async () => {
    const server = await startHttpControlPlane();
    try {
      const all = await shown({ api: server.origin });
      expect(all).toMatchObject({ code: 0, findings: [] });
      expect(all.targets[0]?.health['ready']).toMatchObject({ state: 'ok', value: null });
      expect((await status({ api: server.origin })).out).toContain('no such check');
    } finally {
      await server.stop();
    }
  });

  test('with addresses that disagree: said', async () => {
    const server = await startHttpControlPlane();
    const policy = { bucket: 'read', rate_per_min: 60, burst: 10, window_s: 60, shadow: true };
    server.behave(json(200, policy));
    try {
      const { out } = await status({ api: [state.lab.sandbox.origin, server.origin] });
      expect(out).toContain('differs between addresses: read');
    } finally {
      await server.stop();
    }
  });

  test('of a replica: a finding, because nothing can be written there', async () => {
    const { port } = new URL(state.lab.redis.url);
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', port] });
    try {
      const all = await shown({ redis: replica.url });
      expect(all.redis.value).toMatchObject({ role: 'replica' });
      expect(codes(all)).toEqual(['REDIS_REPLICA']);
    } finally {
      await replica.stop();
    }
  });

  test('of a server whose answers are half ones: what it did not tell is a finding, the rest is shown', async () => {
    const server = await startHttpControlPlane();
    const health = {
      '/health/live': json(200, { status: 5 }),
      '/health/ready': json(200, {
        status: 'degraded',
        version: 'v\u001b[2J',
        components: [{ name: 'redis', status: 'unhealthy', message: 'slow\u202e' }],
      }),
      '/health/startup': json(503, { status: 'warming up' }),
    };
    server.behave((request, ...rest) => {
      const path = request.url.split('?')[0] ?? '';
      (path in health ? health[path as keyof typeof health] : json(200, goodPolicy))(request, ...rest);
    });
    try {
      const all = await shown({ api: server.origin });
      expect(all).toMatchObject({
        code: 3,
        targets: [{ buckets: { state: 'ok' }, health: { live: { state: 'failed' } } }],
      });
      expect(all.findings.map(({ code, message }) => [code, message])).toEqual([
        [expect.any(String), expect.stringContaining('/health/live')],
        ['DEGRADED', `${server.origin}/health/ready: degraded (redis: slow)`],
        ['UNHEALTHY', `${server.origin}/health/startup: warming up`],
      ]);
      const { out } = await status({ api: server.origin });
      expect(out).toMatch(
        /health +✗ live no usable answer {2}✗ ready degraded {2}✗ startup warming up {2}version v \[2J/,
      );
      expect(out).toMatch(/shadow +enforcing/);
    } finally {
      await server.stop();
    }
  });

  test('of a server that answers 200 and says unhealthy: a finding with the component', async () => {
    const lab = await openLab({ dialect: 'deployed', behaviour: { redisTimeoutMs: 300 } });
    try {
      await lab.redis.stop();
      const ran = await lab.world.main(['status', '--json', '--timeout', '3s']);
      const all = jsonOf<Shown>(ran.out);
      expect(ran.code).toBe(3);
      expect(all.targets[0]?.health['ready']).toMatchObject({ value: { status: 'unhealthy', httpStatus: 200 } });
      expect(all.findings.find(({ code }) => code === 'UNHEALTHY')?.message).toMatch(
        /\/health\/ready, \/health\/startup: unhealthy, although it answers 200 \(redis: does not answer\)/,
      );
      expect(codes(all)).toContain('REDIS_UNREACHABLE');
    } finally {
      await lab.stop();
    }
  });
});
