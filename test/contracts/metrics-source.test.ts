import { afterAll, beforeAll } from 'vitest';
import { createPrometheusSource } from '../../src/adapters/metrics/prometheus-source.js';
import { createScrapeSource } from '../../src/adapters/metrics/scrape-source.js';
import { RlctlError } from '../../src/domain/errors.js';
import { createFakeMetricsSource, noReadings } from '../support/fake-metrics-source.js';
import { createFakeClock } from '../support/fake-time.js';
import { startHttpControlPlane, type Respond } from '../support/http-control-plane.js';
import { forwardQuery, startPrometheus, type RunningPrometheus } from '../support/prometheus.js';
import { describeMetricsSource, type MetricsSituation } from './metrics-source.contract.js';

const html: Respond = (_, response) =>
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>login</html>');
const bad: Readonly<Record<Exclude<MetricsSituation, 'good' | 'noSeries'>, Respond>> = {
  unauthorised: (_, response) => response.writeHead(401).end('Unauthorized'),
  html,
  redirect: (_, response) => response.writeHead(302, { Location: 'https://login.example.com/' }).end(),
  unwell: (_, response) => response.writeHead(503, { 'Content-Type': 'text/plain' }).end('compacting'),
  tooLarge: (_, response) => response.writeHead(200, { 'Content-Type': 'text/plain' }).end('#'.repeat(9 * 2 ** 20)),
  reset: (_, __, socket) => socket.resetAndDestroy(),
};

describeMetricsSource('in memory', async () => {
  const source = createFakeMetricsSource();
  const failure = (kind: 'refused' | 'unreachable') => new RlctlError(kind, 'no', { code: 'NO', hint: 'look' });
  return {
    source,
    namespace: 'app',
    endMs: null,
    lastReloadMs: noReadings.endMs,
    arrange: (situation) => {
      if (situation === 'unwell' || situation === 'reset') return source.answer(failure('unreachable'));
      if (situation !== 'good') return source.answer(failure('refused'));
      source.reloadedAt(noReadings.endMs);
      source.configure({
        nowMs: noReadings.endMs,
        instances: [
          {
            name: 'one',
            activeOverrides: [{ atMs: noReadings.endMs, value: 2 }],
            reloads: [{ atMs: noReadings.endMs, value: 4 }],
          },
        ],
        spellings: [
          { action: 'blocked', shadow: 'false' },
          { action: 'shadow_block', shadow: 'True' },
        ],
      });
      source.answer({
        decisions: [
          { bucket: 'read', action: 'allowed', shadow: 'false', value: 200 },
          { bucket: 'read', action: 'blocked', shadow: 'false', value: 40 },
          { bucket: 'financial', action: 'shadow_block', shadow: 'True', value: 60 },
        ],
        retryAfter: [
          { bucket: 'read', edge: 1, count: 4 },
          { bucket: 'read', edge: 10, count: 4 },
          { bucket: 'read', edge: Infinity, count: 8 },
        ],
        reloads: 1,
        activeOverrides: [2],
      });
      return undefined;
    },
    stop: async () => undefined,
  };
});

/** The series of a good window, at its share of the way (0 to 1). */
function page(namespace: string, share: number): string {
  const lines = [
    ['decisions_total{bucket="bootstrap",action="allow",shadow="False"}', 0],
    ['decisions_total{bucket="read",action="allowed",shadow="false"}', 7 + 200 * share],
    ['decisions_total{bucket="read",action="blocked",shadow="false"}', 40 * share],
    ['decisions_total{bucket="financial",action="shadow_block",shadow="True"}', 60 * share],
    ['retry_after_seconds_bucket{bucket="read",shadow="false",le="1"}', 4 * share],
    ['retry_after_seconds_bucket{bucket="read",shadow="false",le="10.0"}', 4 * share],
    ['retry_after_seconds_bucket{bucket="read",shadow="false",le="+Inf"}', 8 * share],
    ['config_reload_total{}', 3 + share],
    ['active_overrides{}', 2],
  ] as const;
  return lines.map(([series, value]) => `${namespace}_rl_${series} ${value}`).join('\n');
}

describeMetricsSource('/metrics scraped', async () => {
  const server = await startHttpControlPlane();
  const source = createScrapeSource({
    url: `${server.origin}/metrics`,
    credential: null,
    clock: createFakeClock(),
    waitMs: 5000,
    workers: 1,
  });
  const state = { scrapes: 0 };
  const text =
    (body: () => string): Respond =>
    (_, response) =>
      void response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(body());
  return {
    source,
    namespace: 'app',
    endMs: null,
    lastReloadMs: null,
    arrange: (situation) => {
      if (situation === 'noSeries') server.behave(text(() => 'other_rl_decisions_total{bucket="read"} 1\n'));
      // The last line has no line feed, and one that is not ours is nonsense.
      else if (situation === 'good')
        server.behave(text(() => `junk{ 1 x\n${page('app', Math.min(1, (state.scrapes += 1) - 1))}`));
      else server.behave(bad[situation]);
    },
    stop: async () => {
      source.close();
      await server.stop();
    },
  };
});

const endMs = Date.parse('2026-11-20T12:00:00Z');
let prometheus: RunningPrometheus;

beforeAll(async () => {
  const pages = Array.from({ length: 21 }, (_, index) =>
    page('app', index / 20)
      .split('\n')
      .map((line) => `${line} ${endMs / 1000 - (20 - index) * 15}`),
  );
  // One text has the samples of a series one after the other.
  const lines = (pages[0] ?? []).flatMap((_, row) => pages.map((each) => each[row]));
  prometheus = await startPrometheus({ blocks: [`${lines.join('\n')}\n# EOF\n`], prefix: '/prom/eu' });
}, 60_000);

afterAll(() => prometheus.stop());

describeMetricsSource('a real Prometheus under a path, behind a proxy', async () => {
  const proxy = await startHttpControlPlane();
  const source = createPrometheusSource({ url: `${proxy.origin}/prom/eu/`, credential: null, labels: new Map() });
  const state = { namespace: 'app' };
  const through: Respond = (request, response) => void forwardQuery(prometheus.url, request, response);
  return {
    source,
    get namespace() {
      return state.namespace;
    },
    endMs,
    lastReloadMs: endMs,
    arrange: (situation) => {
      state.namespace = situation === 'noSeries' ? 'nobody' : 'app';
      proxy.behave(situation === 'good' || situation === 'noSeries' ? through : bad[situation]);
    },
    stop: async () => {
      source.close();
      await proxy.stop();
    },
  };
});
