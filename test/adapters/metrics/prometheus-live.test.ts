import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPrometheusSource } from '../../../src/adapters/metrics/prometheus-source.js';
import type { Decisions } from '../../../src/domain/decisions/decisions.js';
import { summarise } from '../../../src/domain/decisions/summarise.js';
import type { Dialect } from '../../../src/sandbox/behaviour.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';
import { scrapeIntervalMs, startPrometheus, type RunningPrometheus } from '../../support/prometheus.js';
import { freePort, startRedis, type RunningRedis } from '../../support/redis-server.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const deadline = createFakeDeadline(createFakeClock());
const running = new Map<string, Sandbox>();
let folder: string;
let redis: RunningRedis;
let prometheus: RunningPrometheus;
let balancer: Server;

async function open(namespace: string, dialect: Dialect, port: number, workers = 1): Promise<Sandbox> {
  const sandbox = await startSandbox({
    dialect,
    workers,
    port,
    namespace,
    trafficPerSecond: 60,
    redisUrl: redis.url,
    folder: join(folder, namespace),
    behaviour: { redisTimeoutMs: 5000, environment: { RATE_LIMIT_SHADOW_READ: 'true' } },
  });
  running.set(namespace, sandbox);
  return sandbox;
}

/** Gives every request, and not every connection, to the next worker. */
function startBalancer(origin: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    const call = request(`${origin}${incoming.url}`, { agent: false, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    call.on('error', () => response.destroy());
    call.end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rlctl-live-'));
  redis = await startRedis();
  const port = await freePort();
  const [documented, deployed, several] = [
    await open('documented', 'documented', 0),
    await open('deployed', 'deployed', port),
    await open('several', 'deployed', 0, 3),
  ];
  balancer = await startBalancer(several.origin);
  const address = balancer.address() as AddressInfo;
  prometheus = await startPrometheus({
    jobs: [
      { name: 'documented', url: `${documented.origin}${documented.basePath}/metrics` },
      { name: 'deployed', url: `${deployed.origin}${deployed.basePath}/metrics` },
      { name: 'several', url: `http://127.0.0.1:${address.port}/metrics` },
    ],
  });
}, 60_000);

afterAll(async () => {
  await prometheus.stop();
  balancer.closeAllConnections();
  balancer.close();
  for (const sandbox of running.values()) await sandbox.stop();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function figuresOf(namespace: string, endMs: number | null = null): Promise<Decisions> {
  const source = createPrometheusSource({ url: prometheus.url, credential: null, labels: new Map() });
  const question = { namespace, buckets: [], windowMs: 60_000, stepMs: 5000, endMs };
  const readings = await source.read(question, deadline).finally(() => source.close());
  return summarise(readings, { buckets: [], windowMs: 60_000, workers: null, isScraped: false });
}

/** Reads until the figures are as wanted; the test's own time limit ends a wait in vain. */
async function figuresOnce(namespace: string, isWanted: (decisions: Decisions) => boolean): Promise<Decisions> {
  for (;;) {
    const found = await figuresOf(namespace).catch(() => null);
    if (found !== null && isWanted(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The figures of a moment, read when no scrape of that moment is under way any more. */
async function settledFigures(namespace: string, endMs: number): Promise<Decisions> {
  while (((await prometheus.number('time()')) ?? 0) < endMs / 1000 + 2 * (scrapeIntervalMs / 1000)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return figuresOf(namespace, endMs);
}

const codes = ({ remarks }: Decisions): readonly string[] => remarks.map(({ code }) => code);
const bucketOf = (decisions: Decisions, name: string) => decisions.buckets.find(({ bucket }) => bucket === name);

const spellings = {
  documented: {
    blocked: 'action="blocked",shadow="false"',
    shadow: 'action="blocked",shadow="true"',
    allowed: 'action="allowed"',
  },
  deployed: {
    blocked: 'action="block",shadow="False"',
    shadow: 'action="shadow_block",shadow="True"',
    allowed: 'action="allow"',
  },
} as const;

test.each(['documented', 'deployed'] as const)(
  '%s: scraped from a live sandbox, equal to PromQL by hand',
  async (dialect) => {
    const isWanted = (each: Decisions): boolean =>
      (bucketOf(each, 'read')?.shadowBlocked.count ?? 0) > 0 && (bucketOf(each, 'financial')?.blocked.count ?? 0) > 0;
    const { endMs } = await figuresOnce(dialect, isWanted);
    const decisions = await settledFigures(dialect, endMs);
    const names =
      dialect === 'deployed'
        ? ['auth_bootstrap', 'financial', 'read', 'write']
        : ['auth', 'financial', 'read', 'write'];
    expect(decisions.buckets.map(({ bucket }) => bucket)).toEqual(names);
    const hand = (bucket: string, how: 'allowed' | 'blocked' | 'shadow') =>
      prometheus.number(
        `sum(increase(${dialect}_rl_decisions_total{bucket="${bucket}",${spellings[dialect][how]}}[1m]))`,
        endMs / 1000,
      );
    for (const bucket of decisions.buckets) {
      const { allowed, blocked, shadowBlocked, evalP95 } = bucket;
      expect([bucket.bucket, allowed.count, blocked.count, shadowBlocked.count]).toEqual([
        bucket.bucket,
        await hand(bucket.bucket, 'allowed'),
        await hand(bucket.bucket, 'blocked'),
        await hand(bucket.bucket, 'shadow'),
      ]);
      const p95 = `histogram_quantile(0.95, sum by (le) (increase(${dialect}_rl_eval_duration_seconds_bucket{bucket="${bucket.bucket}"}[1m])))`;
      expect(evalP95?.seconds).toBeCloseTo((await prometheus.number(p95, endMs / 1000)) ?? Number.NaN, 9);
    }
    const refused = `sum(increase(${dialect}_rl_decisions_total{bucket="financial",${spellings[dialect].blocked}}[1m]))`;
    const count = bucketOf(decisions, 'financial')?.blocked.count;
    expect(await prometheus.promtool(refused, endMs / 1000)).toMatch(new RegExp(`^\\{\\} => ${count} @\\[`));
    const edges = `sum by (le) (increase(${dialect}_rl_retry_after_seconds_bucket{bucket="financial"}[1m]))`;
    const p99 = await prometheus.number(`histogram_quantile(0.99, ${edges})`, endMs / 1000);
    const [all, within] = [await edgeByHand('+Inf'), await edgeByHand('10')];
    const isAtLeast = within < 0.99 * all;
    expect(bucketOf(decisions, 'financial')?.retryAfter.p99).toEqual({ seconds: p99, isAtLeast });

    async function edgeByHand(le: string): Promise<number> {
      const edge = (await prometheus.query(edges, endMs / 1000)).find(({ metric }) => metric['le'] === le);
      return edge?.value ?? Number.NaN;
    }
    expect(codes(decisions).filter((code) => code === 'ALTERNATING_WORKERS')).toEqual([]);
  },
);

test('a restart: added up across it, and said', async () => {
  await figuresOnce('deployed', (each) => (bucketOf(each, 'read')?.allowed.count ?? 0) > 20);
  const port = Number(new URL(running.get('deployed')?.origin ?? '').port);
  await running.get('deployed')?.stop();
  await open('deployed', 'deployed', port);
  const { endMs } = await figuresOnce('deployed', (each) => codes(each).includes('COUNTER_RESETS'));
  const decisions = await settledFigures('deployed', endMs);
  const hand = 'sum(increase(deployed_rl_decisions_total{bucket="read",action="allow"}[1m]))';
  expect(bucketOf(decisions, 'read')?.allowed.count).toBe(await prometheus.number(hand, endMs / 1000));
  expect(codes(decisions)).not.toContain('ALTERNATING_WORKERS');
});

test('workers in turn behind one address: noticed and said', async () => {
  const decisions = await figuresOnce('several', (each) => codes(each).includes('ALTERNATING_WORKERS'));
  expect(decisions.remarks.find(({ code }) => code === 'ALTERNATING_WORKERS')).toMatchObject({
    isWarning: true,
    text: expect.stringContaining('too high'),
  });
});
