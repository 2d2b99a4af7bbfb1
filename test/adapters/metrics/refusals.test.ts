import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrometheusSource } from '../../../src/adapters/metrics/prometheus-source.js';
import { createScrapeSource } from '../../../src/adapters/metrics/scrape-source.js';
import { quoteAlternatives, quoteLabel } from '../../../src/adapters/metrics/promql.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import type { SourceCredential } from '../../../src/domain/source-credential.js';
import type { MetricsSource } from '../../../src/ports/metrics-source.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';
import { json, startHttpControlPlane, type HttpControlPlane, type Respond } from '../../support/http-control-plane.js';
import { startPrometheus } from '../../support/prometheus.js';

let server: HttpControlPlane;
const sources: MetricsSource[] = [];

beforeEach(async () => {
  server = await startHttpControlPlane();
});

afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  await server.stop();
});

const clock = createFakeClock();
const question = { namespace: 'app', buckets: [], windowMs: 60_000, stepMs: 5000, endMs: null };

function prometheusAt(url: string, credential: SourceCredential | null = null, debug?: (line: string) => void) {
  const source = createPrometheusSource({ url, credential, labels: new Map(), ...(debug ? { debug } : {}) });
  sources.push(source);
  return source;
}

function metricsAt(url: string, credential: SourceCredential | null = null) {
  const source = createScrapeSource({ url, credential, clock, waitMs: 1000, workers: 1 });
  sources.push(source);
  return source;
}

async function failureOf(source: MetricsSource): Promise<RlctlError> {
  const error: unknown = await source.read(question, createFakeDeadline(clock)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RlctlError);
  return error as RlctlError;
}

const answer = (status: number, type: string, body = ''): Respond => {
  return (_, response) => response.writeHead(status, { 'Content-Type': type }).end(body);
};

describe('what a Prometheus may answer', () => {
  it.each([
    ['401', answer(401, 'text/plain', 'Unauthorized'), 'PROMETHEUS_UNAUTHORISED', 4, /bearer/],
    ['403', answer(403, 'application/json', '{}'), 'PROMETHEUS_UNAUTHORISED', 4, /basic/],
    ['a login page', answer(200, 'text/html; charset=utf-8', '<html>'), 'PROMETHEUS_NOT_ITS_OWN', 4, /path prefix/],
    ['404', answer(404, 'text/plain', '404 page not found'), 'PROMETHEUS_WRONG_PATH', 4, /path prefix/],
    ['a redirect', answer(302, 'text/html'), 'PROMETHEUS_REDIRECT', 4, /address that answers itself/],
    ['503 with a reason', answer(503, 'text/plain', 'Service Unavailable'), 'PROMETHEUS_UNWELL', 7, /health/],
    ['429', answer(429, 'application/json', '{}'), 'PROMETHEUS_UNWELL', 7, /repeat/],
    ['other JSON', json(200, { hello: 1 }), 'PROMETHEUS_NOT_ITS_OWN', 4, /api\/v1\/query/],
    ['half of a JSON', answer(200, 'application/json', '{"status":'), 'PROMETHEUS_NOT_ITS_OWN', 4, /api\/v1\/query/],
    [
      'a refused query',
      json(422, { status: 'error', errorType: 'execution', error: 'query processing would load too many samples' }),
      'PROMETHEUS_QUERY',
      4,
      /--since/,
    ],
  ] as const)('%s', async (_, respond, code, exitCode, hint) => {
    server.behave(respond);
    const error = await failureOf(prometheusAt(server.origin));
    expect(error).toMatchObject({ code, exitCode, hint: expect.stringMatching(hint) });
    expect(error.message).toContain(new URL(server.origin).host);
  });

  it('down: says so in its own words, and that nothing took effect', async () => {
    await server.stop();
    const error = await failureOf(prometheusAt(server.origin));
    expect(error).toMatchObject({ code: 'PROMETHEUS_UNREACHABLE', exitCode: 7 });
    expect(error.message).toMatch(/^Prometheus at 127\.0\.0\.1:\d+: nothing listens there$/);
    expect(error.hint).toContain('check the address ("prometheus" in rlctl.yaml, or RLCTL_PROMETHEUS)');
  });

  it('silence ends with the deadline, and never claims that something may have taken effect', async () => {
    server.behave(() => undefined);
    const timeout = AbortSignal.timeout(50);
    const error: unknown = await prometheusAt(server.origin)
      .read(question, createFakeDeadline(clock, 10_000, timeout))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PROMETHEUS_TIMEOUT',
      exitCode: 7,
      message: expect.not.stringContaining('effect'),
    });
  });

  it('asks by POST with a form, under the path prefix, and says what it did without the query', async () => {
    server.behave(json(200, { status: 'success', data: { resultType: 'vector', result: [] } }));
    const lines: string[] = [];
    await failureOf(prometheusAt(`${server.origin}/prom/`, null, (line) => lines.push(line)));
    const [first] = server.arrived;
    expect(first).toMatchObject({ method: 'POST', url: '/prom/api/v1/query', body: 'query=time%28%29' });
    expect(first?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(lines[0]).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/prom\/api\/v1\/query 200 in \d+ ms$/);
  });

  it('a warning of a partial answer is passed on', async () => {
    server.behave(({ body }, response, socket) => {
      const isTime = body.includes('time%28%29&') || body === 'query=time%28%29';
      const value = [1_763_000_000, isTime ? '1763000000' : '1'];
      const data = isTime
        ? { resultType: 'scalar', result: value }
        : { resultType: 'vector', result: [{ metric: {}, value }] };
      json(200, { status: 'success', data, warnings: ['store down'] })({ body } as never, response, socket);
    });
    const readings = await prometheusAt(server.origin).read(question, createFakeDeadline(clock));
    expect(readings.warnings).toEqual(['store down']);
  });
});

describe('what an address of /metrics may answer', () => {
  it.each([
    ['401', answer(401, 'text/plain'), 'METRICS_UNAUTHORISED', /metrics: \{url, bearer/],
    ['HTML', answer(200, 'text/html', '<html>'), 'METRICS_NOT_ITS_OWN', /in use/],
    ['JSON', json(200, { requests: 1 }), 'METRICS_NOT_ITS_OWN', /in use/],
    ['404', json(404, { detail: 'Not Found' }), 'METRICS_WRONG_PATH', /api\/v1\/metrics\/prometheus/],
    [
      'a value that is none',
      answer(200, 'text/plain', 'app_rl_decisions_total{bucket="read"} many\n'),
      'METRICS_NOT_ITS_OWN',
      /curl/,
    ],
    [
      'a line that breaks off',
      answer(200, 'text/plain', 'app_rl_decisions_total{bucket="re'),
      'METRICS_NOT_ITS_OWN',
      /curl/,
    ],
    ['201', answer(201, 'text/plain', 'app_rl_active_overrides 1\n'), 'METRICS_NOT_ITS_OWN', /curl/],
    [
      'another namespace',
      answer(200, 'text/plain', 'other_rl_decisions_total 1\n'),
      'NO_SERIES',
      /It has: other_rl_decisions_total\. Check namespace/,
    ],
    ['a page of something else', answer(200, 'text/plain', 'up 1\n'), 'NO_SERIES', /at all/],
  ] as const)('%s', async (_, respond, code, hint) => {
    server.behave(respond);
    expect(await failureOf(metricsAt(`${server.origin}/metrics`))).toMatchObject({
      code,
      exitCode: 4,
      hint: expect.stringMatching(hint),
    });
  });

  it('asks for the text format and never for OpenMetrics', async () => {
    server.behave(answer(200, 'text/plain', 'app_rl_active_overrides 1\n'));
    await metricsAt(`${server.origin}/metrics`).read(question, createFakeDeadline(clock));
    expect(server.arrived[0]?.headers.accept).toBe('text/plain;version=0.0.4');
  });
});

const secret = 'correct horse "battery" €';
const credentials: readonly SourceCredential[] = [
  { kind: 'bearer', token: new Secret('token-0123456789') },
  { kind: 'basic', username: 'ops', password: new Secret(secret) },
];

describe.each(credentials)('with a $kind credential', (credential) => {
  const expected =
    credential.kind === 'bearer'
      ? 'Bearer token-0123456789'
      : `Basic ${Buffer.from(`ops:${secret}`).toString('base64')}`;

  it('sends it, and shows it nowhere', async () => {
    server.behave(answer(401, 'text/plain', 'who are you'));
    const lines: string[] = [];
    const error = await failureOf(prometheusAt(server.origin, credential, (line) => lines.push(line)));
    expect(server.arrived[0]?.headers.authorization).toBe(expected);
    const shown = [
      error.message,
      error.hint,
      JSON.stringify(error.details),
      error.stack,
      ...lines,
      JSON.stringify(credential),
    ];
    expect(shown.join('\n')).not.toMatch(/horse|0123456789|Bearer |Basic /);
    await failureOf(metricsAt(`${server.origin}/metrics`, credential));
    expect(server.arrived.at(-1)?.headers.authorization).toBe(expected);
  });

  it('does not follow a redirect with it', async () => {
    const other = await startHttpControlPlane();
    server.behave((_, response) => response.writeHead(307, { Location: `${other.origin}/api/v1/query` }).end());
    await failureOf(prometheusAt(server.origin, credential));
    expect(other.arrived).toEqual([]);
    await other.stop();
  });

  it('refuses plain http to another machine', () => {
    expect(() => prometheusAt('http://prometheus.example.com', credential)).toThrow(
      expect.objectContaining({ code: 'SOURCE_INSECURE', exitCode: 2 }),
    );
    expect(() => prometheusAt('http://prometheus.example.com')).not.toThrow();
  });
});

it('a real Prometheus with basic authentication', async () => {
  // bcrypt of "test", as the manual of Prometheus has it.
  const hash = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';
  const prometheus = await startPrometheus({ webConfig: JSON.stringify({ basic_auth_users: { ops: hash } }) });
  try {
    expect(await failureOf(prometheusAt(prometheus.url))).toMatchObject({ code: 'PROMETHEUS_UNAUTHORISED' });
    const known: SourceCredential = { kind: 'basic', username: 'ops', password: new Secret('test') };
    expect(await failureOf(prometheusAt(prometheus.url, known))).toMatchObject({ code: 'NO_SERIES' });
  } finally {
    await prometheus.stop();
  }
});

it('texts in a query stay texts', () => {
  expect(quoteLabel('a"b\\c\nd')).toBe(String.raw`"a\"b\\c\nd"`);
  expect(quoteAlternatives(['r.*d', 'a|b', '"}'])).toBe(String.raw`"r\\.\\*d|a\\|b|\"\\}"`);
});
