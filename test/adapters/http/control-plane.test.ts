import { getEventListeners } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createControlPlane } from '../../../src/adapters/http/control-plane.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { profilesFor, type SigningProfile } from '../../../src/domain/signing/profile.js';
import { signReload, type SignedRequest } from '../../../src/domain/signing/sign.js';
import type { ControlPlane } from '../../../src/ports/control-plane.js';
import {
  goodPolicy,
  goodReload,
  json,
  startHttpControlPlane,
  type HttpControlPlane,
} from '../../support/http-control-plane.js';
import { freePort } from '../../support/redis-server.js';
import { selfSigned } from '../../support/self-signed.js';

let server: HttpControlPlane;
let plane: ControlPlane;

beforeEach(async () => {
  server = await startHttpControlPlane({ secret: 'secret' });
  plane = createControlPlane({ timeoutMs: 5000 });
});

afterEach(async () => {
  plane.close();
  await server.stop();
});

const query = { route: '/api/search', method: 'GET', bucket: 'read' };

function never(): AbortSignal {
  return new AbortController().signal;
}

function signed(origin: string, basePath = '/internal', name = 'documented'): SignedRequest {
  const profile = profilesFor(name)[0] as SigningProfile;
  return signReload(profile, new Secret('secret'), {
    endpoint: { origin, basePath },
    origin: null,
    nowSeconds: 1,
    nonce: 'n',
  });
}

const reload = (origin = server.origin) => plane.reload(signed(origin), { signal: never(), isFresh: false });
const policy = (isFresh = false, signal = never()) =>
  plane.policy({ origin: server.origin, basePath: '/internal' }, query, { signal, isFresh });

async function failureOf(call: Promise<unknown>): Promise<RlctlError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RlctlError)) throw new Error(`no RlctlError but ${String(error)}`);
  return error;
}

describe('what is sent', () => {
  it('is accepted by a server that checks the HMAC itself', async () => {
    expect(await reload()).toMatchObject({ kind: 'accepted', report: { isOk: true, overridesCount: 1 } });
    expect(server.arrived[0]).toMatchObject({
      method: 'POST',
      url: '/internal/config/reload',
      body: '{"action": "reload"}',
    });
  });

  it('has no body at all where the profile sends none', async () => {
    server.behave(json(200, goodReload));
    await plane.reload(signed(server.origin, '/internal', 'empty'), { signal: never(), isFresh: false });
    expect(server.arrived[0]).toMatchObject({ body: '', headers: { 'content-length': '0' } });
    expect(server.arrived[0]?.headers).not.toHaveProperty('content-type');
  });

  it('a query carries any route exactly, with %20 for a space', async () => {
    for (const route of ['/a b+c', '/ä/😀', '/x?y=1&bucket=auth#z', '/%2e%2e', '', '\u0000']) {
      await plane.policy(
        { origin: server.origin, basePath: '/internal' },
        { ...query, route },
        { signal: never(), isFresh: false },
      );
      const url = server.arrived.at(-1)?.url ?? '';
      expect(url).not.toContain('+');
      expect(new URL(url, server.origin).searchParams.get('route')).toBe(route);
      expect(new URL(url, server.origin).searchParams.getAll('bucket')).toEqual(['read']);
    }
  });
});

describe('what is answered', () => {
  it('a reload is translated, further fields are welcome', async () => {
    server.behave(
      json(
        200,
        {
          ...goodReload,
          policy_overrides_count: 2,
          overrides: ['/b', '/a'],
          bucket_shadows: { auth_bootstrap: true },
          extra: [1],
        },
        { 'X-Site-Mode': 'preview', Date: 'Sat, 21 Nov 2026 10:00:00 GMT' },
      ),
    );
    expect(await reload()).toEqual({
      kind: 'accepted',
      siteMode: 'preview',
      serverTimeMs: Date.parse('2026-11-21T10:00:00Z'),
      report: {
        isOk: true,
        isEnabled: true,
        isShadow: false,
        bucketShadows: new Map([['auth_bootstrap', true]]),
        overridesCount: 2,
        overridePrefixes: ['/b', '/a'],
      },
    });
  });

  it('a bare ok is a report that says nothing more, and __proto__ is a bucket like any other', async () => {
    server.behave((_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end('{"ok":true,"enabled":null,"bucket_shadows":{"__proto__":true}}'),
    );
    expect(await reload()).toMatchObject({
      report: {
        isEnabled: null,
        isShadow: null,
        bucketShadows: new Map([['__proto__', true]]),
        overridesCount: null,
        overridePrefixes: null,
      },
    });
  });

  it('a policy is translated; what the server does not say stays undefined', async () => {
    expect(await policy()).toMatchObject({
      kind: 'policy',
      policy: {
        bucket: 'read',
        ratePerMin: 60,
        burst: 10,
        windowSeconds: 60,
        isShadow: false,
        matchedOverride: undefined,
        activeOverrides: undefined,
      },
    });
    server.behave(json(200, { ...goodPolicy, matched_override: null, active_overrides: ['/a'], rate_per_min: 1e17 }));
    expect(await policy()).toMatchObject({
      policy: { ratePerMin: 1e17, matchedOverride: null, activeOverrides: ['/a'] },
    });
  });

  it('each answer is told its own list, whichever the one before it ended with', async () => {
    const listing = (text: string): string => `${JSON.stringify(goodPolicy).slice(0, -1)},${text}}`;
    const named = (list: string): string => listing(`"active_overrides":${list}`);
    const answers: readonly (readonly [string, readonly string[] | undefined])[] = [
      [named('["/a","/b"]'), ['/a', '/b']],
      [named('["/a","/b"]'), ['/a', '/b']],
      [named('["/a","/c"]'), ['/a', '/c']],
      // The same end, as part of another key: the answer has no list.
      [listing('"x\\"active_overrides":["/a","/c"]'), undefined],
      [named('["/a","/c"],"more":["/d"]'), ['/a', '/c']],
      [named('["/a]"]'), ['/a]']],
      [named('[]'), []],
      [JSON.stringify(goodPolicy), undefined],
    ];
    for (const [body, activeOverrides] of answers) {
      server.behave((_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(body));
      expect(await policy()).toMatchObject({ policy: { ratePerMin: goodPolicy.rate_per_min, activeOverrides } });
    }
  });

  it.each<[string, unknown]>([
    ['ok as text', { ...goodReload, ok: 'true' }],
    ['a count as text', { ...goodReload, policy_overrides_count: '1' }],
    ['a negative count', { ...goodReload, policy_overrides_count: -1 }],
    ['a shadow that is no flag', { ...goodReload, bucket_shadows: { read: 'false' } }],
    ['a list', [goodReload]],
    ['another API', { status: 'healthy' }],
    ['null', null],
  ])('200 with %s is not its own', async (_, body) => {
    server.behave(json(200, body));
    expect(await reload()).toMatchObject({
      kind: 'refused',
      refusal: { cause: 'notItsOwn', code: 'API_WRONG_SHAPE', kind: 'refused' },
    });
  });

  it.each<[string, number, string, string, string]>([
    ['HTML', 200, 'text/html', '<html></html>', 'API_PROXY_HTML'],
    ['JSON under another type', 200, 'text/plain', JSON.stringify(goodReload), 'API_NOT_JSON'],
    ['broken JSON', 200, 'application/json', '{"ok":tru', 'API_NOT_JSON'],
    ['nothing', 200, 'application/json', '', 'API_NOT_JSON'],
    ['201', 201, 'application/json', JSON.stringify(goodReload), 'API_NOT_JSON'],
    ['503', 503, 'application/json', '{"detail":"down"}', 'API_SERVER_ERROR'],
    ['a 403 of its own', 403, 'application/problem+json', '{"detail":"reload disabled"}', 'RELOAD_DISABLED'],
  ])('%s is a refusal with its cause', async (_, status, type, body, code) => {
    server.behave((__, response) =>
      response.writeHead(status, { 'Content-Type': type, 'X-Site-Mode': 'prod' }).end(body),
    );
    expect(await reload()).toMatchObject({ kind: 'refused', siteMode: 'prod', refusal: { code, status } });
  });

  it.each(['announced', 'endless'])('an answer over 1 MiB is dropped: %s', async (kind) => {
    server.behave((_, response) => {
      response.writeHead(200, {
        'Content-Type': 'application/json',
        ...(kind === 'announced' ? { 'Content-Length': String(1 << 24) } : {}),
      });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await policy()).toMatchObject({ kind: 'refused', refusal: { code: 'API_ANSWER_TOO_LARGE' } });
    await server.quiet();
  });

  it('a probe reads the headers of any status, in both spellings', async () => {
    const headers = {
      'X-RateLimit-Policy': 'read',
      'X-RateLimit-Shadow': 'True',
      'X-RateLimit-Limit': '11',
      'X-RateLimit-Remaining': '0',
      'Retry-After': '3',
    };
    server.behave((_, response) => response.writeHead(429, headers).end('<html>'));
    const call = { signal: never(), isFresh: true };
    expect(await plane.probe(`${server.origin}/api/search?q=1`, call)).toEqual({
      status: 429,
      bucket: 'read',
      isShadow: true,
      limit: 11,
      remaining: 0,
      retryAfterSeconds: 3,
    });
    expect(server.arrived[0]).toMatchObject({ method: 'GET', url: '/api/search?q=1' });
    server.behave((_, response) => response.writeHead(204, { 'X-RateLimit-Limit': ['11', '60'] }).end());
    expect(await plane.probe(`${server.origin}/`, call)).toEqual({
      status: 204,
      bucket: null,
      isShadow: null,
      limit: null,
      remaining: null,
      retryAfterSeconds: null,
    });
  });
});

describe('a redirect is never followed', () => {
  it.each([301, 302, 303, 307, 308])('%i to another origin: not one request arrives there', async (status) => {
    const second = await startHttpControlPlane();
    server.behave((request, response) =>
      response.writeHead(status, { Location: `${second.origin}${request.url}` }).end(),
    );
    expect(await reload()).toMatchObject({
      kind: 'refused',
      refusal: { cause: 'redirect', message: expect.stringContaining(`127.0.0.1:${second.port}`) as string },
    });
    expect(await policy()).toMatchObject({ kind: 'refused', refusal: { cause: 'redirect' } });
    expect(await plane.probe(`${server.origin}/x`, { signal: never(), isFresh: true })).toMatchObject({ status });
    expect(second.arrived).toHaveLength(0);
    expect(second.connections()).toBe(0);
    await second.stop();
  });
});

describe('no answer', () => {
  it.each<[string, Parameters<HttpControlPlane['behave']>[0], string]>([
    ['a reset', (_, __, socket) => socket.resetAndDestroy(), 'API_RESET'],
    ['a closed connection', (_, __, socket) => socket.destroy(), 'API_RESET'],
    [
      'half an answer',
      (_, response, socket) =>
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' })
          .write('{"ok":tr', () => socket.destroy()),
      'API_TRUNCATED',
    ],
    [
      'half a chunk',
      (_, response, socket) =>
        response
          .writeHead(200, { 'Content-Type': 'application/json' })
          .write('{"ok":true', () => socket.resetAndDestroy()),
      'API_TRUNCATED',
    ],
    ['half a head', (_, __, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Ty'), 'API_RESET'],
    ['another protocol', (_, __, socket) => socket.end('220 mail.example.com ESMTP\r\n'), 'API_NOT_HTTP'],
    ['a Redis server', (_, __, socket) => socket.end("-ERR unknown command 'POST'\r\n"), 'API_IS_REDIS'],
    [
      'an endless head',
      (_, __, socket) => socket.end(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`),
      'API_NOT_HTTP',
    ],
  ])('%s is named', async (_, behaviour, code) => {
    server.behave(behaviour);
    const error = await failureOf(reload());
    expect(error).toMatchObject({ kind: 'unreachable', code, exitCode: 7 });
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain('it may have taken effect');
    expect(error.hint).not.toBe('');
    expect((await failureOf(policy(true))).message).not.toContain('taken effect');
  });

  it.each<[string, Parameters<HttpControlPlane['behave']>[0]]>([
    ['silence', () => undefined],
    ['a slow head', (_, __, socket) => void socket.write('HTTP/1.1 200 OK\r\n')],
    ['a slow body', (_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).write('{')],
  ])('%s ends at the signal and leaves no connection', async (_, behaviour) => {
    server.behave(behaviour);
    const error = await failureOf(policy(true, AbortSignal.timeout(100)));
    expect(error).toMatchObject({ kind: 'unreachable', code: 'API_TIMEOUT' });
    await server.quiet();
  });

  it('ends by its own limit where the signal has none, and at a signal that is over before it starts', async () => {
    server.behave(() => undefined);
    const hasty = createControlPlane({ timeoutMs: 50 });
    const call = hasty.policy({ origin: server.origin, basePath: '/internal' }, query, {
      signal: never(),
      isFresh: false,
    });
    expect(await failureOf(call)).toMatchObject({ code: 'API_TIMEOUT' });
    hasty.close();
    expect(await failureOf(policy(false, AbortSignal.abort(new DOMException('', 'TimeoutError'))))).toMatchObject({
      code: 'API_TIMEOUT',
    });
    expect(server.arrived).toHaveLength(1);
  });

  it("an interrupt is the operator's own error", async () => {
    server.behave(() => undefined);
    const interruption = new RlctlError('interrupted', 'stop', { code: 'INTERRUPTED' });
    expect(await failureOf(policy(false, AbortSignal.abort(interruption)))).toBe(interruption);
    expect(await failureOf(policy(false, AbortSignal.abort()))).toMatchObject({ kind: 'interrupted' });
  });

  it('nothing listens, and a name that does not resolve', async () => {
    const port = await freePort();
    const dead = plane.policy({ origin: `http://127.0.0.1:${port}`, basePath: '/internal' }, query, {
      signal: never(),
      isFresh: false,
    });
    expect(await failureOf(dead)).toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}: nothing listens`) as string,
    });
    const nowhere = plane.policy({ origin: 'https://rlctl.invalid', basePath: '/internal' }, query, {
      signal: never(),
      isFresh: false,
    });
    expect(await failureOf(nowhere)).toMatchObject({
      code: 'API_DNS',
      message: expect.stringContaining('rlctl.invalid:443') as string,
    });
  });

  it('a reload is sent exactly once, even on a kept connection that the server drops', async () => {
    await reload();
    server.behave((_, __, socket) => socket.destroy());
    expect(await failureOf(reload())).toMatchObject({ code: 'API_RESET' });
    expect(server.arrived.map(({ method }) => method)).toEqual(['POST', 'POST']);
    expect(server.arrived[1]?.port).toBe(server.arrived[0]?.port);
  });

  it('a kept connection that the server drops is no failure for a read', async () => {
    const sockets: Socket[] = [];
    server.behave((request, response, socket) => {
      sockets.push(socket);
      if (sockets.length === 2) socket.destroy();
      else json(200, goodPolicy)(request, response, socket);
    });
    await policy();
    expect(await policy()).toMatchObject({ kind: 'policy' });
    expect(sockets[1]).toBe(sockets[0]);
    expect(sockets).toHaveLength(3);
  });
});

describe('TLS', () => {
  let secure: HttpControlPlane;
  let tls: { key: string; cert: string };

  beforeAll(async () => {
    tls = selfSigned('localhost');
    secure = await startHttpControlPlane({ secret: 'secret', tls });
  });

  afterAll(async () => secure.stop());

  it('works with a certificate authority given, fresh, kept and prepared', async () => {
    const trusting = createControlPlane({ ca: tls.cert });
    trusting.open(secure.origin);
    expect(await trusting.reload(signed(secure.origin), { signal: never(), isFresh: false })).toMatchObject({
      kind: 'accepted',
    });
    expect(await trusting.reload(signed(secure.origin), { signal: never(), isFresh: false })).toMatchObject({
      kind: 'accepted',
    });
    expect(await trusting.reload(signed(secure.origin), { signal: never(), isFresh: true })).toMatchObject({
      kind: 'accepted',
    });
    expect(new Set(secure.arrived.map(({ port }) => port)).size).toBe(2);
    trusting.close();
    await secure.quiet();
  });

  it('a certificate that is not trusted, and one for another name', async () => {
    const error = await failureOf(reload(secure.origin));
    expect(error).toMatchObject({
      kind: 'unreachable',
      code: 'API_TLS',
      message: expect.stringContaining('certificate') as string,
    });
    expect(error.message).not.toContain('taken effect');
    const trusting = createControlPlane({ ca: tls.cert });
    const wrongName = trusting.reload(signed(secure.origin.replace('localhost', '127.0.0.1')), {
      signal: never(),
      isFresh: false,
    });
    expect(await failureOf(wrongName)).toMatchObject({ code: 'API_TLS' });
    trusting.close();
  });

  it('TLS to a plain server, and plain to a TLS server', async () => {
    expect(await failureOf(reload(server.origin.replace('http:', 'https:')))).toMatchObject({ code: 'API_TLS' });
    const plain = await failureOf(reload(secure.origin.replace('https:', 'http:')));
    expect(['API_NOT_HTTP', 'API_RESET']).toContain(plain.code);
  });
});

describe('where it may go', () => {
  it.each(['http://api.example.com', 'http://192.0.2.7:8080', 'http://127.0.0.1.example.com'])(
    'plain http to %s is refused before anything is sent',
    async (origin) => {
      expect(await failureOf(reload(origin))).toMatchObject({ kind: 'usage', code: 'API_INSECURE', exitCode: 2 });
      const call = plane.policy({ origin, basePath: '/internal' }, query, { signal: never(), isFresh: false });
      expect(await failureOf(call)).toMatchObject({ code: 'API_INSECURE' });
    },
  );

  it('plain http to another machine is possible where it is allowed by name', async () => {
    const open = createControlPlane({ allowInsecure: true });
    const call = open.policy({ origin: 'http://rlctl.invalid', basePath: '/internal' }, query, {
      signal: never(),
      isFresh: false,
    });
    expect(await failureOf(call)).toMatchObject({ code: 'API_DNS' });
    open.close();
  });

  it.each([
    { origin: 'https://a.example@evil.example', basePath: '/internal' },
    { origin: 'https://a.example', basePath: '@evil.example' },
    { origin: 'https://a.example', basePath: '/../../x' },
    { origin: 'ftp://a.example', basePath: '/internal' },
  ])('an endpoint that leads elsewhere is refused: %j', async (endpoint) => {
    expect(await failureOf(plane.policy(endpoint, query, { signal: never(), isFresh: false }))).toMatchObject({
      kind: 'usage',
    });
  });
});

describe('connections', () => {
  it('are kept for the next call; a fresh one is its own and closed after the answer', async () => {
    await policy();
    await policy();
    await policy(true);
    await policy(true);
    const ports = server.arrived.map(({ port }) => port);
    expect(ports[1]).toBe(ports[0]);
    expect(new Set(ports).size).toBe(3);
    expect(server.arrived[2]?.headers.connection).toBe('close');
    plane.close();
    await server.quiet();
  });

  it('are prepared by open, once, and used by the first call', async () => {
    const listener = createServer();
    const accepted: Socket[] = [];
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const first = new Promise<Socket>((resolve) => {
      listener.on('connection', (socket) => {
        accepted.push(socket);
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });
    plane.open(origin);
    plane.open(origin);
    const socket = await first;
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    const call = plane.policy({ origin, basePath: '/internal' }, query, { signal: never(), isFresh: false });
    expect(await call).toMatchObject({ kind: 'refused', refusal: { cause: 'wrongPath' } });
    expect(accepted).toHaveLength(1);
    plane.close();
    await new Promise((resolve) => listener.close(resolve));
  });

  it('open says nothing about an address where nothing listens; the call does', async () => {
    const origin = `http://127.0.0.1:${await freePort()}`;
    plane.open(origin);
    expect(await failureOf(reload(origin))).toMatchObject({ code: 'API_UNREACHABLE' });
  });

  it('close ends what is under way at once, and nothing may be started after', async () => {
    const arrival = new Promise<void>((resolve) => server.behave(() => resolve()));
    const call = policy();
    plane.open(server.origin);
    await arrival;
    plane.close();
    expect(await failureOf(call)).toMatchObject({ kind: 'unreachable' });
    expect(await failureOf(policy())).toMatchObject({ code: 'API_CLOSED' });
    await server.quiet();
  });

  it('leave no timer and no listener behind, whether an answer came or not', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const signal = never();
    await policy(false, signal);
    const before = timers();
    await policy(true, signal);
    server.behave((_, __, socket) => socket.destroy());
    await failureOf(policy(true, signal));
    expect(timers()).toBeLessThanOrEqual(before);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('leave no socket behind that would hold the process', async () => {
    await policy();
    await reload();
    plane.close();
    await server.quiet();
    expect(process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap');
  });
});

describe('secrets', () => {
  it('neither a debug line nor an error carries a header, a signature or a query', async () => {
    const lines: string[] = [];
    const talkative = createControlPlane({ debug: (line) => lines.push(line) });
    const request = signed(server.origin);
    await talkative.reload(request, { signal: never(), isFresh: false });
    await talkative.policy(
      { origin: server.origin, basePath: '/internal' },
      { ...query, route: '/canary-route' },
      { signal: never(), isFresh: false },
    );
    server.behave((_, __, socket) => socket.destroy());
    const error = await failureOf(talkative.reload(request, { signal: never(), isFresh: true }));
    const signature = server.arrived[0]?.headers['x-config-signature'];
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    const all = [...lines, error.message, error.hint, JSON.stringify(error), String(error.stack)].join('\n');
    expect(all).not.toContain(signature);
    expect(all).not.toContain('canary-route');
    expect(lines[0]).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/internal\/config\/reload 200 in \d+ ms$/);
    expect(lines[2]).toMatch(/API_RESET in \d+ ms$/);
    talkative.close();
  });
});
