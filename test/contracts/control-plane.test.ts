import { createControlPlane } from '../../src/adapters/http/control-plane.js';
import { RlctlError } from '../../src/domain/errors.js';
import { classifyAnswer } from '../../src/domain/refusal.js';
import { revealHeaders } from '../../src/domain/signing/sign.js';
import {
  accepted,
  createFakeControlPlane,
  healthAnswer,
  policyAnswer,
  refused,
  type ReloadCall,
} from '../support/fake-control-plane.js';
import { goodPolicy, goodReload, json, startHttpControlPlane, type Respond } from '../support/http-control-plane.js';
import { createHmac } from 'node:crypto';
import { describeControlPlane, type Situation } from './control-plane.contract.js';

const endpoint = { origin: 'https://api.example.com', basePath: '/internal' };
const probeUrl = 'https://api.example.com/api/search';
const signature = createHmac('sha256', 'secret').update('reload').digest('hex');
const rateHeaders = {
  'X-RateLimit-Policy': 'read',
  'X-RateLimit-Shadow': 'false',
  'X-RateLimit-Limit': '11',
  'X-RateLimit-Remaining': '10',
};
const noHeaders = { bucket: null, isShadow: null, limit: null, remaining: null };

describeControlPlane('in memory', async () => {
  const plane = createFakeControlPlane();
  const bad = {
    wrongPath: refused(404, { detail: 'Not Found' }),
    serverError: refused(500, {}),
    proxyHtml: html(),
    redirect: refused(301, {}, { headers: { location: 'https://x.example/' } }),
    limited: refused(429, { code: 'RATE_LIMIT_EXCEEDED' }, { headers: { 'retry-after': '7' } }),
    reset: new RlctlError('unreachable', 'api.example.com:443: reset', { code: 'API_RESET', hint: 'look' }),
    unhealthy: refused(404, { detail: 'Not Found' }),
  };
  const sick = { name: 'redis', status: 'unhealthy', message: 'does not answer' };
  const well = { name: 'redis', status: 'healthy', message: 'answers' };
  const absent = { kind: 'absent', siteMode: null, serverTimeMs: null } as const;
  const state: { situation: Situation } = { situation: 'good' };
  const isSigned = ({ request }: ReloadCall): boolean => revealHeaders(request).get('X-Config-Signature') === signature;
  const good = (call: ReloadCall) =>
    isSigned(call) ? accepted({}, 'preview') : refused(403, { detail: 'invalid signature' });
  plane.expectReload({}, (call) => (state.situation === 'good' ? good(call) : bad[state.situation]), 'atLeastOnce');
  plane.expectPolicy({}, () => (state.situation === 'good' ? policyAnswer() : bad[state.situation]), 'atLeastOnce');
  plane.expectHealth(
    {},
    () => {
      if (state.situation === 'good') return { ...healthAnswer({ components: [well] }), siteMode: 'preview' };
      if (state.situation === 'unhealthy')
        return healthAnswer({ status: 'unhealthy', said: 'unhealthy', components: [sick] });
      return state.situation === 'wrongPath' ? absent : bad[state.situation];
    },
    'atLeastOnce',
  );
  plane.expectProbe(
    probeUrl,
    () => {
      if (state.situation === 'reset') return bad.reset;
      if (state.situation === 'limited') return { status: 429, ...noHeaders, retryAfterSeconds: 7 };
      return { status: 200, bucket: 'read', isShadow: false, limit: 11, remaining: 10, retryAfterSeconds: null };
    },
    'atLeastOnce',
  );
  return {
    plane,
    endpoint,
    probeUrl,
    arrange: (situation) => {
      state.situation = situation;
    },
    stop: async () => undefined,
  };
});

function html() {
  const refusal = classifyAnswer({
    purpose: 'reload',
    url: new URL(endpoint.origin),
    status: 403,
    headers: new Map([['content-type', 'text/html']]),
    body: '<html>',
    fault: null,
    nowMs: 0,
    isTimestamped: false,
  });
  return { kind: 'refused', siteMode: null, serverTimeMs: null, refusal } as const;
}

function healthBody(status: string, message: string) {
  const components = [{ name: 'redis', status, message, check_duration_ms: 1 }];
  return { status, version: '1', uptime_seconds: 60, components };
}

const bad: Readonly<Record<Exclude<Situation, 'good'>, Respond>> = {
  wrongPath: json(404, { detail: 'Not Found' }),
  serverError: json(500, {}),
  proxyHtml: (_, response) => response.writeHead(403, { 'Content-Type': 'text/html' }).end('<html>'),
  redirect: (_, response) => response.writeHead(301, { Location: 'https://x.example/' }).end(),
  limited: json(429, { code: 'RATE_LIMIT_EXCEEDED' }, { 'Retry-After': '7' }),
  reset: (_, __, socket) => socket.resetAndDestroy(),
  unhealthy: json(200, healthBody('unhealthy', 'does not answer')),
};

const good: Respond = (request, response, socket) => {
  const headers = { 'X-Site-Mode': 'preview', ...rateHeaders };
  if (request.method === 'GET') {
    const isPolicy = request.url.startsWith('/internal/');
    const body = request.url.startsWith('/health/') ? healthBody('healthy', 'answers') : isPolicy ? goodPolicy : {};
    return json(200, body, headers)(request, response, socket);
  }
  const isSigned = request.headers['x-config-signature'] === signature;
  return json(isSigned ? 200 : 403, isSigned ? goodReload : { detail: 'invalid signature' }, headers)(
    request,
    response,
    socket,
  );
};

describeControlPlane('over HTTP', async () => {
  const server = await startHttpControlPlane();
  const plane = createControlPlane({});
  return {
    plane,
    endpoint: { origin: server.origin, basePath: '/internal' },
    probeUrl: `${server.origin}/api/search`,
    arrange: (situation) => server.behave(situation === 'good' ? good : bad[situation]),
    stop: async () => {
      plane.close();
      await server.stop();
    },
  };
});
