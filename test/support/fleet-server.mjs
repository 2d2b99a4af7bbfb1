// Many instances of a control plane in one process: real HTTP servers, one port each, that check the signature themselves.
// Usage: node fleet-server.mjs COUNT SECRET NAMESPACE, with the behaviour of each and the document as JSON on stdin:
//   {"document": {prefix: {...}}, "stale": [index], "hanging": [index], "slow": {index: milliseconds}, "dead": [index],
//    "deaf": [index], "foreign": [index]}
// Foreign ones have another secret. Stale ones hold an older document ("before"), deaf ones accept a reload and keep it. Prints {"origins": […]} when all
// listen; then for each line on stdin {"reloads": […], "requests": […], "refused": […]}: what each has accepted, had and
// refused. A line with a "document" is what a reload gives from then on, one with "foreign" who has another secret. Ends with its stdin.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [count, secret, namespace] = [Number(process.argv[2]), process.argv[3], process.argv[4]];
const expected = createHmac('sha256', secret).update('reload').digest('hex');
const base = { rate_per_min: 60, burst: 10, window_s: 60, shadow: false };
const names = ['auth', 'read', 'write', 'financial'];

const answer = (response, status, value) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

function isSigned(given, state) {
  return (
    !state.isForeign() &&
    typeof given === 'string' &&
    given.length === expected.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(expected))
  );
}

function policyOf(state, url) {
  const route = url.searchParams.get('route') ?? '';
  const bucket = url.searchParams.get('bucket') ?? 'read';
  if (!names.includes(bucket)) return { bucket, rate_per_min: 60, burst: 0, window_s: 60, shadow: false };
  const [prefix, override] = Object.entries(state.held).find(([each]) => route.startsWith(each)) ?? [null, {}];
  const { rate, burst, window, shadow } = override;
  return {
    bucket,
    rate_per_min: rate ?? base.rate_per_min,
    burst: burst ?? base.burst,
    window_s: window ?? base.window_s,
    shadow: shadow ?? state.shadows.includes(bucket),
    matched_override: prefix,
    active_overrides: Object.keys(state.held),
  };
}

function handle(state, request, response) {
  const url = new URL(request.url, 'http://instance');
  if (request.method === 'GET' && url.pathname === '/internal/rate-limit/policy')
    return answer(response, 200, policyOf(state, url));
  if (request.method === 'GET' && url.pathname === '/internal/metrics') {
    response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' });
    return response.end(
      `# TYPE ${namespace}_rl_config_reload_total counter\n${namespace}_rl_config_reload_total ${state.reloads}\n# TYPE ${namespace}_rl_active_overrides gauge\n${namespace}_rl_active_overrides ${Object.keys(state.held).length}\n`,
    );
  }
  if (request.method !== 'POST' || url.pathname !== '/internal/config/reload')
    return answer(response, 404, { detail: 'Not Found' });
  if (!isSigned(request.headers['x-config-signature'], state)) {
    state.refused += 1;
    return answer(response, 403, { detail: 'invalid signature' });
  }
  state.reloads += 1;
  if (!state.isDeaf) state.held = settings.document;
  return answer(response, 200, {
    ok: true,
    enabled: true,
    shadow: false,
    bucket_shadows: Object.fromEntries(names.map((name) => [name, state.shadows.includes(name)])),
    policy_overrides_count: Object.keys(state.held).length,
    overrides: Object.keys(state.held),
  });
}

function start(index) {
  const { stale = [], hanging = [], slow = {}, deaf = [], shadows = {} } = settings;
  const old = stale.includes(index) || deaf.includes(index);
  const state = {
    held: old ? (settings.before ?? {}) : settings.document,
    reloads: old ? 0 : 1,
    requests: 0,
    refused: 0,
    isForeign: () => (settings.foreign ?? []).includes(index),
    isDeaf: deaf.includes(index),
    shadows: shadows[index] ?? [],
  };
  const server = createServer((request, response) => {
    state.requests += 1;
    request.resume();
    if (hanging.includes(index)) return;
    const late = slow[index];
    // Slow for the whole exchange: once for each connection.
    const isFirst = request.socket.isLate !== true;
    request.socket.isLate = true;
    if (late !== undefined && isFirst) setTimeout(() => handle(state, request, response), late);
    else handle(state, request, response);
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve({ server, state, port: server.address().port })),
  );
}

const lines = createInterface({ input: process.stdin });
const input = lines[Symbol.asyncIterator]();
const settings = JSON.parse((await input.next()).value);
const started = await Promise.all(Array.from({ length: count }, (_, index) => start(index)));
// A dead one has had its port and gives it up: nothing listens there.
for (const index of settings.dead ?? []) started[index].server.close();
process.stdout.write(`${JSON.stringify({ origins: started.map(({ port }) => `http://127.0.0.1:${port}`) })}\n`);
for (let line = await input.next(); !line.done; line = await input.next()) {
  Object.assign(settings, JSON.parse(line.value));
  const all = ['reloads', 'requests', 'refused'].map((name) => [name, started.map(({ state }) => state[name])]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(all))}\n`);
}
process.exit(0);
