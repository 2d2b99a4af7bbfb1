import type { IncomingMessage } from 'node:http';
import { failure, json, redirect, text, type Answer } from './answer.js';
import { policy, reload, type ControlSetup } from './control-endpoints.js';
import type { Application } from './gateway.js';
import { GeneralLimiter } from './general-limiter.js';
import { live, ready, type HealthSetup } from './health.js';
import { decide, rateHeaders } from './limiter.js';
import { addressOf, guardOf, identityOf } from './routing.js';
import type { Worker } from './worker-state.js';

/** One request on its way to an answer. */
interface Exchange {
  readonly worker: Worker;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

type Endpoint = (exchange: Exchange) => Answer | Promise<Answer>;

/** The two generations' paths: whichever is not this server's answers 404, and never reaches the application's routes. */
const controlPaths = ['/internal', '/api/v1/internal'];

/** Everything the sandbox answers: what stands in front, the endpoints of the operator, and the application's routes. */
export function createApplication(setup: ControlSetup & HealthSetup): Application {
  const { behaviour } = setup;
  const general =
    behaviour.generalLimiterPerMinute === null ? null : new GeneralLimiter(behaviour.generalLimiterPerMinute);
  const endpoints = endpointsOf(setup);
  return async (worker, request, body) => {
    const exchange = exchangeOf(worker, request, body);
    if (behaviour.redirectsTo !== null) return redirect(301, `${behaviour.redirectsTo}${request.url ?? '/'}`);
    const busy = general === null ? null : refusedInFront(setup, general, exchange);
    if (busy !== null) return busy;
    const methods = endpoints.get(exchange.path);
    if (methods !== undefined) return operate(setup, methods, exchange);
    if (behaviour.redirectsTrailingSlash && endpoints.has(exchange.path.replace(/\/$/, '')))
      return withoutSlash(request);
    return limited(setup, exchange);
  };
}

function exchangeOf(worker: Worker, request: IncomingMessage, body: Buffer): Exchange {
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  return { worker, request, body, method: request.method ?? 'GET', path, query: new URLSearchParams(query.join('?')) };
}

function endpointsOf(setup: ControlSetup & HealthSetup): ReadonlyMap<string, ReadonlyMap<string, Endpoint>> {
  const { basePath } = setup.behaviour;
  const metrics: Endpoint = ({ worker }) =>
    text(200, worker.metrics.text(), 'text/plain; version=0.0.4; charset=utf-8');
  const isReady: Endpoint = ({ worker }) => ready(setup, worker);
  const get = (endpoint: Endpoint): ReadonlyMap<string, Endpoint> => new Map([['GET', endpoint]]);
  return new Map([
    [
      `${basePath}/config/reload`,
      new Map([['POST', ({ worker, request, body }: Exchange) => reload(setup, worker, request, body)]]),
    ],
    [`${basePath}/rate-limit/policy`, get(({ worker, query }) => policy(setup, worker, query))],
    [`${basePath}/metrics`, get(metrics)],
    ['/metrics', get(metrics)],
    ['/health/live', get(() => live(setup))],
    ['/health/ready', get(isReady)],
    ['/health/startup', get(isReady)],
  ]);
}

function refusedInFront({ behaviour }: ControlSetup, general: GeneralLimiter, exchange: Exchange): Answer | null {
  if (guardOf(exchange.method, exchange.path) === 'exempt') return null;
  const seconds = general.refusedFor(addressOf(exchange.request), Date.now());
  if (seconds === null) return null;
  const fields = { code: 'RATE_LIMIT_EXCEEDED', retry_after: seconds };
  return failure(behaviour, 429, fields, { 'Retry-After': String(seconds) });
}

async function operate(
  { behaviour }: ControlSetup,
  methods: ReadonlyMap<string, Endpoint>,
  exchange: Exchange,
): Promise<Answer> {
  const endpoint = methods.get(exchange.method === 'HEAD' ? 'GET' : exchange.method);
  if (endpoint !== undefined) return endpoint(exchange);
  return failure(behaviour, 405, { detail: 'Method Not Allowed' }, { Allow: [...methods.keys()].join(', ') });
}

function withoutSlash(request: IncomingMessage): Answer {
  const target = (request.url ?? '/').replace(/\/(?=\?|$)/, '');
  return redirect(307, `http://${request.headers.host ?? '127.0.0.1'}${target}`);
}

async function limited({ behaviour }: ControlSetup, { worker, request, method, path }: Exchange): Promise<Answer> {
  const isControl = controlPaths.some((base) => path === base || path.startsWith(`${base}/`));
  const guard = isControl ? null : guardOf(method, path);
  if (guard === null) return failure(behaviour, 404, { detail: 'Not Found' });
  const content = { ok: true, route: path };
  if (guard === 'exempt') return json(200, content);
  const decision = await decide(worker, behaviour, { route: path, role: guard, identity: identityOf(request) });
  if (decision === null) return json(200, content);
  const headers = rateHeaders(decision, behaviour);
  if (!decision.isOverLimit || decision.isShadow) return json(200, content, headers);
  return failure(behaviour, 429, { detail: 'rate limit exceeded', bucket: decision.bucket }, headers);
}
